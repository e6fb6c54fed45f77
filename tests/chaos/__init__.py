"""Chaos tests: many calls, one fault at a time, one invariant. ``make chaos`` runs them.

Each run starts real processes (web, two workers, beat, a Valkey with AOF, the sandbox) and makes a
random plan of calls from a seed. While the events of the plan are sent, the fault happens at random
moments. When the bridge is idle again, the run compares the sandbox's journal, the bridge's API and
the inbox:

- every acknowledged event is in the inbox, handled, and on its call's timeline or a counted
  outcome;
- every recorded call has exactly one engagement, and every engagement is a recorded call's;
- every engagement with insights has them on its call;
- every call rests in the planned state, and nothing is overdue, waiting or held;
- the counts add up;
- if the fault bounds the waiting, each call without trouble completes within 60 seconds of its due
  time.

The columns of the table: ``lost`` counts the calls that lack an event, an engagement or an insight;
``duplicated`` counts the calls with more of these than planned; ``stuck`` counts the calls that are
not in their planned state. ``recovered`` is the number of seconds from the end of the fault, or
from the last acknowledgement if that was later, until the bridge is idle. Compare it with that of
the fault ``none``, which is ordinary work.
"""
