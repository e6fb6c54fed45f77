"""Makes the link from a call to its engagement's page in AskElephant."""

from string import Formatter
from typing import NamedTuple

from bridge.services import Services


class EngagementLinks(NamedTuple):
    """The operator's template of links, and the workspace; ``None`` = it is not known yet."""

    template: str
    workspace_id: str | None

    def url(self, engagement_id: str | None) -> str | None:
        """Return the URL of the engagement's page.

        ``None`` = there is no engagement, or the template needs a workspace that is not known yet.
        """
        if engagement_id is None or (self.workspace_id is None and self._names_workspace):
            return None
        return self.template.format(engagement_id=engagement_id, workspace_id=self.workspace_id)

    @property
    def _names_workspace(self) -> bool:
        return any(name == "workspace_id" for _, name, _, _ in Formatter().parse(self.template))


def engagement_links(services: Services) -> EngagementLinks:
    """Return the template of links and the workspace that is known now.

    AskElephant's webhooks name the workspace of our engagements. That id is used rather than the
    setting, which serves until the first webhook is received.
    """
    settings = services.settings
    workspace_id = services.workspace.id() or settings.askelephant_workspace_id
    return EngagementLinks(settings.askelephant_url_template, workspace_id)
