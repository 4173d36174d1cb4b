-- The tables of the seeds keep their names and columns; what the design adds stands below them.
-- A database that already has those tables was moved aside before (0001_move_aside.sql); 0002_adopt.sql takes its rows.

-- accounts ---------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    is_operator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE workspaces (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    plan text NOT NULL DEFAULT 'unlimited',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workspace_members (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id);

-- automations ------------------------------------------------------------------------------------------------------
-- trigger_type, trigger_config and actions hold what was saved last; what runs is the live version.

CREATE TABLE automation_rules (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    name varchar NOT NULL,
    description text,
    trigger_type varchar,
    trigger_config jsonb,
    actions jsonb,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_run_at timestamptz,
    -- added by the design
    policy jsonb NOT NULL DEFAULT '{}',
    layout jsonb NOT NULL DEFAULT '{}',
    revision integer NOT NULL DEFAULT 1,        -- of the draft, for ETag
    draft_changed boolean NOT NULL DEFAULT true, -- saved since the live version was published
    live_version integer,                        -- null until first published
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    legacy_id uuid                               -- the id in the database this row was adopted from
);
CREATE INDEX automation_rules_workspace ON automation_rules (workspace_id, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX automation_rules_legacy ON automation_rules (legacy_id) WHERE legacy_id IS NOT NULL;

-- A narrow row beside each automation, so that counting runs never rewrites the wide one.
CREATE TABLE automation_stats (
    rule_id uuid PRIMARY KEY REFERENCES automation_rules ON DELETE CASCADE,
    run_count bigint NOT NULL DEFAULT 0,
    last_run_at timestamptz,
    last_run_status varchar,
    last_run_id uuid
) WITH (fillfactor = 50);

CREATE TABLE automation_versions (
    rule_id uuid NOT NULL REFERENCES automation_rules ON DELETE CASCADE,
    number integer NOT NULL,
    definition jsonb NOT NULL,
    note text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule_id, number)
);

CREATE TABLE automation_triggers (
    id uuid PRIMARY KEY,
    rule_id uuid NOT NULL REFERENCES automation_rules ON DELETE CASCADE,
    type varchar NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    webhook_id varchar(64) UNIQUE,
    webhook_secret varchar(128),                 -- SHA-256, hex
    created_at timestamptz NOT NULL DEFAULT now(),
    -- added by the design
    workspace_id uuid NOT NULL,
    position integer NOT NULL DEFAULT 0,         -- of a schedule in the list of its trigger
    active boolean NOT NULL DEFAULT true,        -- part of the live version
    previous_secret varchar(128),                -- still valid while rotating
    previous_secret_until timestamptz,
    deployment_id uuid,                          -- in Prefect
    legacy_id uuid
);
CREATE INDEX automation_triggers_rule ON automation_triggers (rule_id, position);
CREATE INDEX automation_triggers_schedules ON automation_triggers (id) WHERE type = 'cron' AND active;

-- arrivals ---------------------------------------------------------------------------------------------------------

CREATE TABLE deliveries (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    trigger_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    verdict varchar NOT NULL CHECK (verdict IN ('accepted', 'duplicate', 'filtered', 'refused')),
    reason varchar,                              -- code of a refusal
    detail text,
    http_status smallint NOT NULL,
    run_id uuid,
    dedupe_key text,
    size integer NOT NULL DEFAULT 0,
    content_type varchar,
    remote varchar,
    headers jsonb NOT NULL DEFAULT '{}',
    query jsonb NOT NULL DEFAULT '{}',
    body bytea,                                  -- of what became no run, for redelivery
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX deliveries_workspace ON deliveries (workspace_id, id DESC);
CREATE INDEX deliveries_rule ON deliveries (rule_id, id DESC);

-- A partitioned table can't hold "one run per key", so the key has a small table of its own.
CREATE TABLE run_keys (
    trigger_id uuid NOT NULL,
    key text NOT NULL,
    run_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (trigger_id, key)
);
CREATE INDEX run_keys_expiry ON run_keys (expires_at);

CREATE TABLE schedule_fires (
    schedule_id uuid NOT NULL,                   -- automation_triggers.id
    due_at timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    state varchar NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'fired', 'skipped')),
    reason varchar,                              -- of a skipped one
    source varchar NOT NULL CHECK (source IN ('prefect', 'vutler')),
    prefect_run_id uuid,
    run_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schedule_id, due_at)
);
CREATE INDEX schedule_fires_due ON schedule_fires (due_at) WHERE state = 'planned';

CREATE TABLE idempotency_keys (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,                   -- SHA-256 of the body
    status smallint,                             -- null while the first request is in flight
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id, route, key)
);

-- runs -------------------------------------------------------------------------------------------------------------

CREATE TABLE automation_logs (
    id uuid NOT NULL,
    rule_id uuid NOT NULL,
    trigger_type varchar NOT NULL,
    trigger_data jsonb,                          -- the payload: {{ trigger.data }}
    status varchar NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    error text,
    -- added by the design
    workspace_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL,
    trigger_id uuid,
    trigger_context jsonb NOT NULL DEFAULT '{}', -- headers and query of a webhook
    delivery_id uuid,
    due_at timestamptz,
    output jsonb,
    error_code varchar,
    error_step varchar,
    triggered_by varchar,                        -- user id, "operator via Prefect", null for machines
    root_id uuid NOT NULL,
    depth smallint NOT NULL DEFAULT 1,
    parent_id uuid,
    replay_of uuid,
    wait jsonb,                                  -- what a queued or waiting run waits for, in words
    seq integer NOT NULL DEFAULT 0,              -- number of the run's newest recorded change, for the live stream
    prefect_run_id uuid,                         -- where it is not our id (made by Prefect's scheduler or UI)
    legacy_id uuid,
    PRIMARY KEY (id),
    CONSTRAINT run_status CHECK
        (status IN ('queued', 'running', 'waiting', 'success', 'failed', 'cancelled', 'skipped'))
) PARTITION BY RANGE (id);
CREATE INDEX automation_logs_workspace ON automation_logs (workspace_id, id DESC);
CREATE INDEX automation_logs_rule ON automation_logs (rule_id, id DESC);
CREATE INDEX automation_logs_legacy ON automation_logs (legacy_id) WHERE legacy_id IS NOT NULL;

CREATE TABLE automation_action_logs (
    id uuid NOT NULL,
    log_id uuid NOT NULL,
    action_index integer NOT NULL,
    action_type varchar NOT NULL,
    agent_id varchar,
    input jsonb,
    output jsonb,
    status varchar NOT NULL,
    duration_ms integer,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- added by the design
    workspace_id uuid NOT NULL,
    step_id varchar NOT NULL,
    iteration varchar NOT NULL DEFAULT '',       -- "3" or "3.1" inside loops
    attempt smallint NOT NULL DEFAULT 1,
    attempts jsonb NOT NULL DEFAULT '[]',        -- [{attempt, started_at, completed_at, code, error}] of failed ones
    effect varchar NOT NULL DEFAULT 'pure',
    error_code varchar,
    started_at timestamptz,
    completed_at timestamptz,
    epoch integer NOT NULL DEFAULT 0,
    seq integer NOT NULL DEFAULT 0,
    legacy_id uuid,
    PRIMARY KEY (log_id, step_id, iteration),
    CONSTRAINT step_status CHECK
        (status IN ('pending', 'running', 'success', 'failed', 'skipped', 'waiting', 'unknown'))
) PARTITION BY RANGE (log_id);

CREATE TABLE run_lines (
    run_id uuid NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    level varchar NOT NULL,
    step_id varchar,
    text text NOT NULL,
    PRIMARY KEY (run_id, seq, at)                -- a write whose answer was lost is repeated and changes nothing
) PARTITION BY RANGE (at);

-- Only the unfinished business of a run: who holds it, and whether Prefect has been told. Gone when both are done.
CREATE TABLE run_queue (
    run_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    version integer NOT NULL,
    lane varchar NOT NULL DEFAULT 'warm',
    priority smallint NOT NULL DEFAULT 0,        -- higher first
    state varchar NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'waiting', 'done')),
    available_at timestamptz NOT NULL DEFAULT now(),
    concurrency_key text,
    owner varchar,                               -- host/slot/incarnation
    lease_until timestamptz,
    epoch integer NOT NULL DEFAULT 0,
    cancel_requested boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now(),
    told varchar                                 -- the state that Prefect has recorded last
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX run_queue_ready ON run_queue (lane, priority DESC, run_id) WHERE state = 'queued';
CREATE INDEX run_queue_held ON run_queue (owner) WHERE state = 'running';
CREATE INDEX run_queue_leases ON run_queue (lease_until) WHERE state = 'running';
CREATE INDEX run_queue_untold ON run_queue (changed_at) WHERE told IS DISTINCT FROM state;

CREATE TABLE workers (
    owner varchar PRIMARY KEY,
    host varchar NOT NULL,
    slot varchar NOT NULL,
    concurrency integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- Large values beside the run.
CREATE TABLE blobs (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    run_id uuid,
    media_type varchar NOT NULL,
    size bigint NOT NULL,
    sha256 varchar(64) NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX blobs_run ON blobs (run_id);

-- What the world (Prefect, later mail and chat) is still to be told, written in the transaction that decided it.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic varchar NOT NULL,
    key uuid NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    available_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    last_error text
);
CREATE INDEX outbox_ready ON outbox (topic, available_at);

CREATE TABLE connections (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    kind varchar NOT NULL,
    name varchar NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',        -- the fields that are no secrets
    sealed bytea,                                -- the secret ones (core/seal.py)
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    legacy_id uuid
);
CREATE UNIQUE INDEX connections_name ON connections (workspace_id, lower(name));

CREATE TABLE automation_suggestions (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    title varchar NOT NULL,
    description text,
    suggested_config jsonb NOT NULL DEFAULT '{}',
    score double precision NOT NULL DEFAULT 0,
    dismissed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    legacy_id uuid
);

CREATE TABLE installation (
    key text PRIMARY KEY,
    value text NOT NULL
);

-- partitions -------------------------------------------------------------------------------------------------------

-- The smallest UUIDv7 of a moment.
CREATE FUNCTION first_id_at(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

-- Make the partition of one month (any moment of it, UTC) of one table; gives its name, or null when it is there.
-- It is made beside the table and then attached, so that readers and writers of other months go on meanwhile. Rows of
-- the month that had to wait in the DEFAULT partition (nobody made partitions for a while) move over.
CREATE FUNCTION make_partition(kind text, moment timestamptz) RETURNS text LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    first_day timestamptz := date_trunc('month', moment);
    next_month timestamptz := first_day + interval '1 month';
    name text := kind || '_' || to_char(first_day, 'YYYYMM');
    part_key text;
    low text;
    high text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tenant_vutler.make_partition', 0));
    IF to_regclass(name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF kind = 'run_lines' THEN
        low := first_day;
        high := next_month;
    ELSE
        low := first_id_at(first_day);
        high := first_id_at(next_month);
    END IF;
    SELECT a.attname INTO STRICT part_key FROM pg_partitioned_table p
        JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = kind::regclass;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, kind);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', kind || '_default');
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I TABLE moved',
        kind || '_default', part_key, low, part_key, high, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', kind, name, low, high);
    RETURN name;
END $$;

-- Make the monthly partitions from this month to `ahead` months on; gives the names of the new ones.
CREATE FUNCTION make_partitions(ahead integer) RETURNS SETOF text LANGUAGE sql
SET search_path = tenant_vutler, pg_temp SET timezone = 'UTC' AS $$
    SELECT name
    FROM unnest(ARRAY['automation_logs', 'automation_action_logs', 'deliveries', 'run_lines']) kind,
         generate_series(0, ahead) step,
         make_partition(kind, date_trunc('month', now()) + make_interval(months => step)) name
    WHERE name IS NOT NULL
$$;

CREATE TABLE automation_logs_default PARTITION OF automation_logs DEFAULT;
CREATE TABLE automation_action_logs_default PARTITION OF automation_action_logs DEFAULT;
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;
CREATE TABLE run_lines_default PARTITION OF run_lines DEFAULT;
SELECT make_partitions(2);
