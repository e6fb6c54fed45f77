"""Creates the link from a call to the page of its engagement in AskElephant."""

from string import Formatter
from typing import NamedTuple

from bridge.services import Services


class EngagementLinks(NamedTuple):
    """The template of links to engagements, and the workspace's id, ``None`` until it is known."""

    template: str
    workspace_id: str | None

    def url(self, engagement_id: str | None) -> str | None:
        """Return the URL of the engagement's page.

        Return ``None`` if there is no engagement, or if the template needs the id of the workspace
        and the id is not known yet.
        """
        if engagement_id is None or (self.workspace_id is None and self._names_workspace):
            return None
        return self.template.format(engagement_id=engagement_id, workspace_id=self.workspace_id)

    @property
    def _names_workspace(self) -> bool:
        return any(name == "workspace_id" for _, name, _, _ in Formatter().parse(self.template))


def engagement_links(services: Services) -> EngagementLinks:
    """Return the template of links, and the id of the workspace if it is known.

    The id comes from AskElephant's webhooks. Until the first webhook is received, it comes from the
    setting.
    """
    settings = services.settings
    workspace_id = services.workspace.id() or settings.askelephant_workspace_id
    return EngagementLinks(settings.askelephant_url_template, workspace_id)
