"""Chaos: many calls, one fault at a time, one invariant. ``make chaos`` runs it.

Every run has real processes (web, two workers, beat, a Valkey of its own with AOF, the sandbox in
its own process) and a seeded random plan of calls. While they are told of, the fault happens at
random moments. When all is quiet again, the sandbox's journal, the bridge's API and its inbox are
held against each other:

- every acknowledged event is in the inbox, handled, and on its call's timeline or a recorded
  outcome;
- every recorded call has exactly one engagement, and every engagement is some recorded call's;
- every engagement with insights has them on its call;
- no call is stuck: all at rest where the plan says, nothing overdue, nothing waiting, nothing held;
- the counts add up;
- where the fault says so, a call without trouble of its own completes within 60 seconds of its due
  time, whatever other calls meet.

The columns of the table: ``lost`` counts the calls of which something acknowledged, recorded or
found is missing; ``duplicated`` those with more than there should be; ``stuck`` those that are not
where they should end. ``recovered`` is the seconds from the fault's end, or from the last event's
acknowledgement if that came later, until everything is quiet: compare it with the fault ``none``,
which is nothing but ordinary work (calls without insights are waited for to their deadline).
"""
