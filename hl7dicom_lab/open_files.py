"""How many files and sockets this process may have open at once: enough for a class, where the system lets it.

Rule: a limit that a process may raise for itself is raised before it is met; what cannot be had is told, not run into.
"""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform == "win32":

    def allow(wanted: int) -> int:
        """Let this process have so many open; how many it may have. Windows has no limit that matters here."""
        return wanted

else:
    import resource

    def allow(wanted: int) -> int:
        """Let this process have so many open; how many it may have: as many, or as the system lets it."""
        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if now != resource.RLIM_INFINITY and now < wanted:
            new = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
            with suppress(ValueError, OSError):  # macOS may know a lower limit that it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, new), most))
        now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return wanted if now == resource.RLIM_INFINITY else min(wanted, now)
