-- Jobs of isolated lanes: which run of Prefect's executes a run of ours, and when to look after it.
ALTER TABLE run_queue
    ADD flow_run_id uuid,                        -- Prefect's flow run of the run's jobs
    ADD dispatched_epoch integer,                -- a job was asked for when the run was at this epoch
    ADD dispatches smallint NOT NULL DEFAULT 0,  -- how often, at this epoch
    ADD dispatch_at timestamptz;                 -- when nobody has claimed by then, look again

CREATE INDEX run_queue_to_dispatch ON run_queue (priority DESC, run_id) WHERE state = 'queued' AND lane <> 'warm';
CREATE INDEX run_queue_jobs_ended ON run_queue (changed_at) WHERE state = 'done' AND lane <> 'warm';
