"""The channels of PostgreSQL's NOTIFY, and what travels on them. A notice is a hint: the tables are the truth."""

RUNS = "vutler_runs"  # payload: the lane of a run that became claimable
CANCEL = "vutler_cancel"  # payload: the id of a run that is to stop
WAKE = "vutler_wake"  # payload: the id of a run with a step that was woken while the run is being executed
EVENTS = "vutler_events"  # payload: a JSON array of changes, see `core/runs/events.py`
CONFIG = "vutler_config"  # payload: the id of an automation whose triggers, versions or switch changed
OUTBOX = "vutler_outbox"  # payload: the topic of a new row
LISTENING = "vutler_listening"  # payload: empty; accounts or channels changed, so perhaps who is listened to
