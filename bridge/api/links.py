"""Links from a call to its engagement's page in AskElephant."""

from string import Formatter
from typing import NamedTuple

from bridge.services import Services


class EngagementLinks(NamedTuple):
    """The operator's template, and the workspace whose pages it links to, if that is known."""

    template: str
    workspace_id: str | None

    def url(self, engagement_id: str | None) -> str | None:
        """Return the engagement's page; ``None`` = no engagement, or its workspace is not known."""
        if engagement_id is None or (self.workspace_id is None and self._names_workspace):
            return None
        return self.template.format(engagement_id=engagement_id, workspace_id=self.workspace_id)

    @property
    def _names_workspace(self) -> bool:
        return any(name == "workspace_id" for _, name, _, _ in Formatter().parse(self.template))


def engagement_links(services: Services) -> EngagementLinks:
    """Return how engagements are linked to now.

    AskElephant's webhooks name the workspace of our engagements, so the id of a webhook wins over
    the setting. The setting is used until the first webhook was received.
    """
    settings = services.settings
    workspace_id = services.workspace.id() or settings.askelephant_workspace_id
    return EngagementLinks(settings.askelephant_url_template, workspace_id)
