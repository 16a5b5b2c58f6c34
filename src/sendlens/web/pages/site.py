"""What the pages need from the rest of the process, gathered in one value by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.tenants import Tenant
from sendlens.settings import Settings
from sendlens.web.live import LiveHub
from sendlens.web.panels.begun import Begun

if TYPE_CHECKING:
    from sendlens.log.protocol import Log
    from sendlens.pipeline.fuse import Fuse
    from sendlens.pipeline.imports import Imports
    from sendlens.pipeline.lag import Lag
    from sendlens.pipeline.parking import Parking
    from sendlens.pipeline.replay import Replay
    from sendlens.privacy.desk import PrivacyDesk
    from sendlens.privacy.errands import Errands
    from sendlens.web.intake.app import IntakeApp
    from sendlens.web.pages.access import Access
    from sendlens.web.pages.render import Renderer
    from sendlens.web.panels.answers import Answers


@dataclass(frozen=True)
class Site:
    """Everything a page handler works with.

    `first_key` is the first tenant's key if this start made it or the settings name it; it is shown to nobody but a
    browser on this machine, and only while the tenant waits for its first event. `replay`, `fuse`,
    `parking`, `log` and `lag` belong to a process with a pipeline; without them dead letters are shown and cannot be
    replayed, and nobody knows what waits. `intake` is the door of this process, which takes test events and tells what
    arrived.
    """

    settings: Settings
    clock: Clock
    control: Control
    answers: Answers
    hub: LiveHub
    access: Access
    render: Renderer
    first_key: str = ""
    replay: Replay | None = None
    fuse: Fuse | None = None
    parking: Parking | None = None
    log: Log | None = None
    lag: Lag | None = None
    intake: IntakeApp | None = None
    privacy: PrivacyDesk | None = None
    errands: Errands | None = None
    imports: Imports | None = None
    begun: Begun = field(default_factory=Begun)

    def last_event(self, tenant: Tenant) -> int:
        """Return when the tenant's last event arrived, in UTC milliseconds; 0 for never.

        Reads the control plane: call it in a worker thread.
        """
        known = (source.last_event_at for source in self.control.sources.list(tenant.id))
        return max(self.hub.latest(tenant.id).at, *known, 0)
