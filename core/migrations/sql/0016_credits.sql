-- Plans, credits, and what a run may spend.
--
-- A plan with a number of runs or credits is metered: each run of its workspaces is counted and, where it has monthly
-- credits, paid for. Workspaces of other plans (unlimited) have no rows here and pay no statement.

-- plans and prices -------------------------------------------------------------------------------------------------

ALTER TABLE plans  -- of every number, null: no limit
    ADD runs_per_month integer CHECK (runs_per_month > 0),
    ADD runs_per_hour integer CHECK (runs_per_hour > 0),
    ADD webhooks_per_min integer CHECK (webhooks_per_min > 0),   -- arrivals at one webhook
    ADD history_days integer CHECK (history_days > 0),
    ADD max_steps integer CHECK (max_steps > 0),
    ADD monthly_credits integer CHECK (monthly_credits >= 0),    -- null: steps cost nothing
    ADD pinned boolean NOT NULL DEFAULT false,                   -- set by an operator: the plans file leaves it alone
    ADD metered boolean NOT NULL
        GENERATED ALWAYS AS (num_nonnulls(runs_per_month, runs_per_hour, monthly_credits) > 0) STORED;

CREATE TABLE action_prices (
    action_type text PRIMARY KEY,
    credits integer NOT NULL CHECK (credits >= 0),
    contains text                                -- the field of its config that holds steps
);

ALTER TABLE workspaces ADD when_exhausted varchar NOT NULL DEFAULT 'reject'
    CHECK (when_exhausted IN ('reject', 'queue'));

-- How many steps of each type a definition has, those inside loops once.
CREATE FUNCTION step_counts(p_definition jsonb) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
    WITH RECURSIVE steps AS (
        SELECT s.value AS step FROM jsonb_path_query(p_definition, 'lax $.actions[*]') s (value)
        UNION ALL
        SELECT i.value FROM steps
        JOIN action_prices p ON p.action_type = step->>'type' AND p.contains IS NOT NULL,
            LATERAL jsonb_path_query(step->'config'->p.contains, 'lax $[*]') i (value)
    )
    SELECT coalesce(jsonb_object_agg(type, count), '{}')
    FROM (SELECT step->>'type' AS type, count(*) FROM steps WHERE step->>'type' IS NOT NULL GROUP BY 1) c
$$;

-- Counted when it is published; prices may change later.
ALTER TABLE automation_versions ADD charges jsonb;
ALTER TABLE draft_snapshots ADD charges jsonb;
CREATE FUNCTION count_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    NEW.charges := step_counts(NEW.definition);
    RETURN NEW;
END $$;
CREATE TRIGGER count_steps BEFORE INSERT ON automation_versions FOR EACH ROW EXECUTE FUNCTION count_steps();
CREATE TRIGGER count_steps BEFORE INSERT ON draft_snapshots FOR EACH ROW EXECUTE FUNCTION count_steps();

-- What a version costs once through its steps.
CREATE FUNCTION version_cost(p_rule uuid, p_version integer) RETURNS integer LANGUAGE sql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
    SELECT coalesce(sum(c.value::integer * p.credits), 0)::integer
    FROM (SELECT charges FROM automation_versions WHERE rule_id = p_rule AND number = p_version
          UNION ALL
          SELECT charges FROM draft_snapshots WHERE rule_id = p_rule AND number = p_version) v,
        LATERAL jsonb_each_text(v.charges) c JOIN action_prices p ON p.action_type = c.key
$$;

-- the ledger -------------------------------------------------------------------------------------------------------
-- Double entry: a transfer takes from one account of a workspace what it gives to another, so that every transfer, and
-- with it everything, sums to zero. Nothing is ever changed or deleted.
--   granted   where credits come from: minus what was ever granted
--   balance   what can be spent
--   reserved  what runs under way may still spend
--   spent     what ended runs have spent

CREATE TABLE credit_transfers (
    id uuid PRIMARY KEY DEFAULT make_id(),
    workspace_id uuid NOT NULL,
    from_account varchar NOT NULL CHECK (from_account IN ('granted', 'balance', 'reserved')),
    to_account varchar NOT NULL CHECK (to_account IN ('balance', 'reserved', 'spent')),
    amount bigint NOT NULL CHECK (amount > 0),
    kind varchar NOT NULL CHECK (kind IN ('monthly', 'plan_change', 'grant', 'reserve', 'settle', 'release')),
    month date,                                  -- of a grant
    run_id uuid,
    rule_id uuid,
    action_type varchar,                         -- what a settled amount was spent on
    note text,
    granted_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (from_account <> to_account)
);
CREATE INDEX credit_transfers_workspace ON credit_transfers (workspace_id, id DESC);
CREATE INDEX credit_transfers_spent ON credit_transfers (workspace_id, created_at) WHERE to_account = 'spent';
CREATE UNIQUE INDEX credit_transfers_monthly ON credit_transfers (workspace_id, month) WHERE kind = 'monthly';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'The ledger of credits is append-only.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW credit_entries AS
SELECT id AS transfer_id, workspace_id, from_account AS account, -amount AS amount, run_id, created_at
FROM credit_transfers
UNION ALL
SELECT id, workspace_id, to_account, amount, run_id, created_at FROM credit_transfers;

-- What the ledger comes to, kept in the same transactions; and how much a metered workspace has run.
CREATE TABLE credit_balances (
    workspace_id uuid PRIMARY KEY,
    balance bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    month date NOT NULL DEFAULT '1970-01-01',    -- its first day, UTC
    allowance bigint NOT NULL DEFAULT 0,         -- of the month: what was left before it, and what was granted in it
    runs_in_month integer NOT NULL DEFAULT 0,
    hour timestamptz NOT NULL DEFAULT '-infinity',
    runs_in_hour integer NOT NULL DEFAULT 0,
    refused_at timestamptz,                      -- when something was last refused for want of credits or runs
    warned_credits smallint NOT NULL DEFAULT 0,  -- per cent that people were told of in this month
    warned_runs smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Of runs under way: what they may spend.
CREATE TABLE credit_reservations (
    run_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE run_queue ADD metered boolean NOT NULL DEFAULT false;
ALTER TABLE automation_logs ADD credits integer;  -- what it spent; while it is under way, what is reserved; null: nothing

-- A run that waits for credits is blocked, and by no other run.
CREATE INDEX run_queue_unpaid ON run_queue (workspace_id, run_id) WHERE state = 'blocked' AND concurrency_key IS NULL;

-- Where the ledger and the balances, or balances and reservations, do not agree: no row means that all is well.
CREATE FUNCTION credit_faults() RETURNS TABLE (workspace_id uuid, fault text) LANGUAGE sql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
    WITH sums AS (
        SELECT e.workspace_id, sum(e.amount) AS total,
            coalesce(sum(e.amount) FILTER (WHERE e.account = 'balance'), 0) AS balance,
            coalesce(sum(e.amount) FILTER (WHERE e.account = 'reserved'), 0) AS reserved
        FROM credit_entries e GROUP BY 1
    ), held AS (
        SELECT r.workspace_id, sum(r.amount) AS amount FROM credit_reservations r GROUP BY 1
    )
    SELECT coalesce(s.workspace_id, b.workspace_id, h.workspace_id), CASE
        WHEN s.total <> 0 THEN 'the entries sum to ' || s.total
        WHEN coalesce(s.balance, 0) <> coalesce(b.balance, 0) THEN
            format('the balance is %s and its entries sum to %s', b.balance, s.balance)
        WHEN coalesce(s.reserved, 0) <> coalesce(b.reserved, 0) THEN
            format('%s are reserved and the entries sum to %s', b.reserved, s.reserved)
        ELSE format('%s are reserved and the runs under way hold %s', b.reserved, h.amount) END
    FROM sums s FULL JOIN credit_balances b ON b.workspace_id = s.workspace_id
        FULL JOIN held h ON h.workspace_id = coalesce(s.workspace_id, b.workspace_id)
    WHERE s.total <> 0 OR coalesce(s.balance, 0) <> coalesce(b.balance, 0)
        OR coalesce(s.reserved, 0) <> coalesce(b.reserved, 0) OR coalesce(b.reserved, 0) <> coalesce(h.amount, 0)
$$;

-- The only way in which credits move. The caller holds the lock on the workspace's balance.
CREATE FUNCTION move_credits(
    p_workspace uuid, p_from text, p_to text, p_amount bigint, p_kind text, p_run uuid DEFAULT NULL,
    p_rule uuid DEFAULT NULL, p_action text DEFAULT NULL, p_month date DEFAULT NULL, p_note text DEFAULT NULL,
    p_by uuid DEFAULT NULL
) RETURNS void LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF p_amount = 0 THEN
        RETURN;
    END IF;
    INSERT INTO credit_transfers (workspace_id, from_account, to_account, amount, kind, run_id, rule_id, action_type,
                                  month, note, granted_by)
    VALUES (p_workspace, p_from, p_to, p_amount, p_kind, p_run, p_rule, p_action, p_month, p_note, p_by);
    UPDATE credit_balances SET
        balance = balance + p_amount * ((p_to = 'balance')::integer - (p_from = 'balance')::integer),
        reserved = reserved + p_amount * ((p_to = 'reserved')::integer - (p_from = 'reserved')::integer),
        allowance = allowance + p_amount * (p_from = 'granted')::integer,
        refused_at = CASE WHEN p_from <> 'granted' THEN refused_at END
    WHERE workspace_id = p_workspace;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The workspace % has no balance.', p_workspace;
    END IF;
END $$;

-- Lock the workspace's balance, made where there is none; begin a new month, and grant what the plan gives in it, or
-- what a better plan gives more than was granted already. As often as one likes: it is granted once.
CREATE FUNCTION open_month(p_workspace uuid) RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    this_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    due bigint;
    had bigint;
    plan_name text;
BEGIN
    INSERT INTO credit_balances (workspace_id) VALUES (p_workspace) ON CONFLICT DO NOTHING;
    PERFORM FROM credit_balances WHERE workspace_id = p_workspace FOR UPDATE;
    UPDATE credit_balances SET month = this_month, allowance = balance + reserved, runs_in_month = 0,
        refused_at = NULL, warned_credits = 0, warned_runs = 0
    WHERE workspace_id = p_workspace AND month < this_month;
    SELECT p.monthly_credits, p.name INTO due, plan_name
        FROM workspaces w JOIN plans p ON p.name = w.plan WHERE w.id = p_workspace;
    SELECT sum(t.amount) INTO had FROM credit_transfers t
        WHERE t.workspace_id = p_workspace AND t.month = this_month AND t.kind IN ('monthly', 'plan_change');
    IF due > coalesce(had, 0) THEN
        PERFORM move_credits(p_workspace, 'granted', 'balance', due - coalesce(had, 0),
            CASE WHEN had IS NULL THEN 'monthly' ELSE 'plan_change' END, p_month => this_month,
            p_note => 'plan ' || plan_name);
    END IF;
END $$;
CREATE INDEX credit_transfers_months ON credit_transfers (workspace_id, month) WHERE month IS NOT NULL;

-- reserving, at acceptance -----------------------------------------------------------------------------------------

-- Count a run and reserve what it may cost, or say why not: `refusal` is no_credits, runs_per_month or runs_per_hour,
-- and then nothing was counted; `facts` tell of it (cost, left, detail, retry_s). `may_wait`: the workspace wants such a
-- run to wait. Not metered: nothing happened. Who asks holds the workspace's balance until the commit.
CREATE FUNCTION reserve_run(
    p_run uuid, p_workspace uuid, p_rule uuid, p_version integer,
    OUT is_metered boolean, OUT cost integer, OUT refusal text, OUT facts jsonb, OUT may_wait boolean
) LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    plan plans;
    mode text;
    account credit_balances;
    this_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    this_hour timestamptz := date_trunc('hour', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    in_hour integer;
    next_month text := to_char(this_month + interval '1 month', 'YYYY-MM-DD');
BEGIN
    SELECT p.* INTO plan FROM workspaces w JOIN plans p ON p.name = w.plan WHERE w.id = p_workspace;
    is_metered := coalesce(plan.metered, false);
    IF NOT is_metered THEN
        RETURN;
    END IF;
    IF plan.monthly_credits IS NOT NULL THEN
        cost := version_cost(p_rule, p_version);
    END IF;
    SELECT * INTO account FROM credit_balances WHERE workspace_id = p_workspace FOR UPDATE;
    IF NOT FOUND OR account.month < this_month THEN
        PERFORM open_month(p_workspace);
        SELECT * INTO account FROM credit_balances WHERE workspace_id = p_workspace FOR UPDATE;
    END IF;
    in_hour := CASE WHEN account.hour = this_hour THEN account.runs_in_hour ELSE 0 END;
    facts := jsonb_build_object('cost', coalesce(cost, 0), 'left', account.balance);
    IF account.runs_in_month >= plan.runs_per_month THEN
        refusal := 'runs_per_month';
        facts := facts || jsonb_build_object('detail', format(
            'The plan %s lets this workspace run %s times a month, and it has: the next runs are possible from %s on,'
            ' or with another plan.', plan.name, plan.runs_per_month, next_month));
    ELSIF cost > account.balance THEN
        refusal := 'no_credits';
        facts := facts || jsonb_build_object('detail', format(
            'This run would cost %s credits, and the workspace has %s left: it gets more on %s, with another plan, or'
            ' from the operator.', cost, account.balance, next_month));
    ELSIF in_hour >= plan.runs_per_hour THEN
        refusal := 'runs_per_hour';
        facts := facts || jsonb_build_object(
            'retry_s', ceil(extract(epoch FROM this_hour + interval '1 hour' - now())),
            'detail', format('The plan %s lets this workspace run %s times an hour, and it has: try again after %s UTC.',
                plan.name, plan.runs_per_hour, to_char(this_hour AT TIME ZONE 'UTC' + interval '1 hour', 'HH24:MI')));
    END IF;
    IF refusal IS NOT NULL THEN
        IF refusal <> 'runs_per_hour' THEN
            SELECT w.when_exhausted INTO mode FROM workspaces w WHERE w.id = p_workspace;
            -- So many may wait and no more: what comes then is refused.
            may_wait := mode = 'queue' AND (SELECT count(*) < 1000 FROM (
                SELECT FROM run_queue q WHERE q.workspace_id = p_workspace AND q.state = 'blocked'
                    AND q.concurrency_key IS NULL LIMIT 1000) waiting);
            UPDATE credit_balances SET refused_at = now()
            WHERE workspace_id = p_workspace AND (refused_at < now() - interval '1 minute' OR refused_at IS NULL);
        END IF;
        RETURN;
    END IF;
    UPDATE credit_balances SET runs_in_month = runs_in_month + 1, hour = this_hour, runs_in_hour = in_hour + 1
    WHERE workspace_id = p_workspace;
    IF cost > 0 THEN
        INSERT INTO credit_reservations (run_id, workspace_id, rule_id, amount) VALUES (p_run, p_workspace, p_rule, cost);
        PERFORM move_credits(p_workspace, 'balance', 'reserved', cost, 'reserve', p_run, p_rule);
    END IF;
END $$;

-- Reserve more for a run under way that its worker holds: `p_most` or what is left, but nothing below `p_least`.
CREATE FUNCTION reserve_more(p_run uuid, p_epoch integer, p_least bigint, p_most bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    space uuid;
    rule uuid;
    amount bigint;
BEGIN
    SELECT q.workspace_id, q.rule_id INTO space, rule FROM run_queue q
        WHERE q.run_id = p_run AND q.epoch = p_epoch AND q.state = 'running' AND q.metered FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT least(b.balance, p_most) INTO amount FROM credit_balances b WHERE b.workspace_id = space FOR UPDATE;
    IF amount IS NULL OR amount < p_least OR amount <= 0 THEN
        UPDATE credit_balances SET refused_at = now() WHERE workspace_id = space;
        RETURN 0;
    END IF;
    INSERT INTO credit_reservations AS r (run_id, workspace_id, rule_id, amount) VALUES (p_run, space, rule, amount)
        ON CONFLICT (run_id) DO UPDATE SET amount = r.amount + excluded.amount;
    PERFORM move_credits(space, 'balance', 'reserved', amount, 'reserve', p_run, rule);
    UPDATE automation_logs SET credits = coalesce(credits, 0) + amount WHERE id = p_run;
    RETURN amount;
END $$;

-- settling, at the end ---------------------------------------------------------------------------------------------

-- What the steps of a run cost so far, by action: those that ran to their end, whatever came out. A step whose input
-- was wrong, or that could not be paid, did nothing; one that a replay took over was paid by the former run.
CREATE FUNCTION charged_steps(p_run uuid) RETURNS TABLE (action_type varchar, credits bigint) LANGUAGE sql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
    SELECT a.action_type, sum(p.credits)
    FROM automation_action_logs a JOIN action_prices p ON p.action_type = a.action_type AND p.credits > 0
    WHERE a.log_id = p_run AND a.status IN ('success', 'failed', 'unknown') AND a.copied_from IS NULL
        AND a.started_at IS NOT NULL
        AND coalesce(a.error_code, '') NOT IN ('credits_exhausted', 'invalid_input', 'template_error')
    GROUP BY 1
$$;

-- Take what the run spent out of its reservation and give back the rest. What it spent beyond that is taken from the
-- balance as far as that goes. A run without a reservation, or one that was settled, is left alone.
CREATE FUNCTION settle_credits(p_run uuid) RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held credit_reservations;
    budget bigint;
    beyond bigint;
    part bigint;
    used bigint := 0;
    item record;
BEGIN
    DELETE FROM credit_reservations WHERE run_id = p_run RETURNING * INTO held;
    IF NOT FOUND THEN
        UPDATE automation_logs SET credits = 0 WHERE id = p_run AND credits <> 0;
        RETURN;
    END IF;
    SELECT balance INTO beyond FROM credit_balances WHERE workspace_id = held.workspace_id FOR UPDATE;
    budget := held.amount;
    FOR item IN SELECT * FROM charged_steps(p_run) ORDER BY action_type LOOP
        part := least(item.credits, budget);
        PERFORM move_credits(held.workspace_id, 'reserved', 'spent', part, 'settle', p_run, held.rule_id,
                             item.action_type);
        budget := budget - part;
        used := used + part;
        part := least(item.credits - part, beyond);
        PERFORM move_credits(held.workspace_id, 'balance', 'spent', part, 'settle', p_run, held.rule_id,
                             item.action_type);
        beyond := beyond - part;
        used := used + part;
    END LOOP;
    PERFORM move_credits(held.workspace_id, 'reserved', 'balance', budget, 'release', p_run, held.rule_id);
    UPDATE automation_logs SET credits = used WHERE id = p_run;
END $$;

-- Every path to the end of a run passes here.
CREATE FUNCTION settle_run() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    PERFORM settle_credits(NEW.run_id);
    RETURN NULL;
END $$;
CREATE TRIGGER settle_run AFTER UPDATE OF state ON run_queue FOR EACH ROW
    WHEN (NEW.metered AND NEW.state = 'done' AND OLD.state <> 'done') EXECUTE FUNCTION settle_run();

-- Let the runs of a workspace that wait for credits go on, the oldest first, as far as the credits go; gives how many.
CREATE FUNCTION admit_unpaid(p_workspace uuid) RETURNS integer LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    waiting record;
    reserved record;
    path text;
    turn text;
    admitted integer := 0;
BEGIN
    FOR waiting IN
        SELECT q.run_id, q.rule_id, q.version, q.overlap, q.lane, l.trigger_data, l.trigger_context
        FROM run_queue q JOIN automation_logs l ON l.id = q.run_id
        WHERE q.workspace_id = p_workspace AND q.state = 'blocked' AND q.concurrency_key IS NULL
        ORDER BY q.run_id LIMIT 200 FOR UPDATE OF q SKIP LOCKED
    LOOP
        SELECT * INTO reserved FROM reserve_run(waiting.run_id, p_workspace, waiting.rule_id, waiting.version);
        EXIT WHEN reserved.refusal IS NOT NULL;
        UPDATE automation_logs SET credits = reserved.cost WHERE id = waiting.run_id;
        IF waiting.overlap IS NULL THEN
            UPDATE run_queue SET state = 'queued', metered = reserved.is_metered, changed_at = now()
            WHERE run_id = waiting.run_id;
            PERFORM pg_notify('vutler_runs', waiting.lane);
        ELSE
            SELECT v.definition #>> '{policy,concurrency_key}' INTO path FROM automation_versions v
                WHERE v.rule_id = waiting.rule_id AND v.number = waiting.version;
            turn := overlap_key(path, waiting.trigger_data, waiting.trigger_context);
            UPDATE run_queue SET concurrency_key = turn, metered = reserved.is_metered, changed_at = now()
            WHERE run_id = waiting.run_id;
            INSERT INTO overlap_changes (rule_id, concurrency_key) VALUES (waiting.rule_id, turn);
        END IF;
        admitted := admitted + 1;
    END LOOP;
    RETURN admitted;
END $$;

-- acceptance -------------------------------------------------------------------------------------------------------

-- Leave a run that was refused in history, with the reason.
CREATE FUNCTION skip_unpaid(
    p_run uuid, p_workspace uuid, p_rule uuid, p_version integer, p_trigger uuid, p_trigger_type text, p_data jsonb,
    p_context jsonb, p_lane text, p_due timestamptz, p_by text, p_prefect_run uuid, p_root uuid, p_depth smallint,
    p_parent uuid, p_code text, p_reason text
) RETURNS void LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    INSERT INTO automation_logs (id, rule_id, trigger_type, trigger_data, status, workspace_id, version,
                                 trigger_id, trigger_context, due_at, triggered_by, root_id, depth, parent_id,
                                 prefect_run_id, completed_at, error_code, error, seq)
    VALUES (p_run, p_rule, p_trigger_type, p_data, 'skipped', p_workspace, p_version, p_trigger,
            coalesce(p_context, '{}'), p_due, p_by, p_root, p_depth, p_parent, p_prefect_run, now(), p_code, p_reason, 1);
    INSERT INTO run_queue (run_id, workspace_id, rule_id, version, lane, state)
    VALUES (p_run, p_workspace, p_rule, p_version, p_lane, 'done');
    PERFORM tell_run(p_run);
END $$;

DROP FUNCTION accept_run(uuid, uuid, uuid, integer, uuid, text, jsonb, jsonb, text, smallint, text, interval, uuid,
    jsonb, timestamptz, text, uuid, uuid, uuid, smallint, uuid, text);

-- Take in one event: its key, run, queue row and delivery, in one call and so in one commit.
-- Gives the verdict ('accepted' or 'duplicate') and the run: of a duplicate, the first one's.
-- p_overlap 'allow': it runs beside others. Null: as the policy of its version says, which is looked up here.
-- p_metered false: the workspace is known to have a plan that counts nothing. Null: that is looked up here.
-- A run that the workspace can't have now (`reserve_run`) is not made, and the verdict is the reason; p_refused 'kept':
-- it stands in history as skipped, and so is the verdict. Either way `facts` say more.
CREATE FUNCTION accept_run(
    p_run uuid, p_workspace uuid, p_rule uuid, p_version integer, p_trigger uuid, p_trigger_type text,
    p_data jsonb, p_context jsonb, p_lane text, p_priority smallint,
    p_key text DEFAULT NULL, p_key_ttl interval DEFAULT interval '7 days',
    p_delivery uuid DEFAULT NULL, p_delivery_facts jsonb DEFAULT NULL,
    p_due timestamptz DEFAULT NULL, p_by text DEFAULT NULL, p_prefect_run uuid DEFAULT NULL,
    p_root uuid DEFAULT NULL, p_parent uuid DEFAULT NULL, p_depth smallint DEFAULT 1::smallint,
    p_replay_of uuid DEFAULT NULL, p_overlap text DEFAULT NULL,
    p_metered boolean DEFAULT NULL, p_refused text DEFAULT 'told'
) RETURNS TABLE (verdict text, run_id uuid, facts jsonb) LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
#variable_conflict use_column
DECLARE
    first_run uuid;
    mode text := p_overlap;
    path text;
    turn text;
    caller uuid;
    reserved record;
    unpaid boolean := false;
    counted boolean := false;  -- and perhaps paid for
    reserved_cost integer;
BEGIN
    verdict := 'accepted';
    run_id := p_run;
    IF p_key IS NOT NULL THEN
        INSERT INTO run_keys AS k (trigger_id, key, run_id, expires_at)
        VALUES (p_trigger, p_key, p_run, now() + p_key_ttl)
        ON CONFLICT (trigger_id, key) DO UPDATE
            SET run_id = excluded.run_id, created_at = now(), expires_at = excluded.expires_at
            WHERE k.expires_at <= now()
        RETURNING k.run_id INTO first_run;
        IF first_run IS NULL THEN
            SELECT k.run_id INTO STRICT run_id FROM run_keys k WHERE k.trigger_id = p_trigger AND k.key = p_key;
            verdict := 'duplicate';
        END IF;
    END IF;
    IF verdict = 'accepted' AND p_metered IS DISTINCT FROM false THEN
        SELECT * INTO reserved FROM reserve_run(p_run, p_workspace, p_rule, p_version);
        unpaid := reserved.refusal IS NOT NULL AND reserved.may_wait IS TRUE;
        IF reserved.refusal IS NOT NULL AND NOT unpaid THEN
            facts := reserved.facts;
            IF p_refused = 'told' THEN
                DELETE FROM run_keys k WHERE k.trigger_id = p_trigger AND k.key = p_key;
                verdict := reserved.refusal;
                run_id := NULL;
            ELSE
                verdict := 'skipped';
                PERFORM skip_unpaid(p_run, p_workspace, p_rule, p_version, p_trigger, p_trigger_type, p_data, p_context,
                    p_lane, p_due, p_by, p_prefect_run, coalesce(p_root, p_run), p_depth, p_parent,
                    reserved.refusal, reserved.facts->>'detail');
            END IF;
            RETURN NEXT;
            RETURN;
        END IF;
        IF NOT unpaid THEN
            counted := reserved.is_metered;
            reserved_cost := reserved.cost;
        END IF;
    END IF;
    IF p_delivery IS NOT NULL THEN
        INSERT INTO deliveries (id, workspace_id, rule_id, trigger_id, verdict, http_status, run_id, dedupe_key,
                                size, content_type, remote, headers, query)
        VALUES (p_delivery, p_workspace, p_rule, p_trigger, verdict, 202, run_id, p_key,
                (p_delivery_facts->>'size')::integer, p_delivery_facts->>'content_type', p_delivery_facts->>'remote',
                coalesce(p_context->'headers', '{}'), coalesce(p_context->'query', '{}'));
    END IF;
    IF verdict = 'duplicate' THEN
        RETURN NEXT;
        RETURN;
    END IF;
    INSERT INTO automation_logs (id, rule_id, trigger_type, trigger_data, status, workspace_id, version,
                                 trigger_id, trigger_context, delivery_id, due_at, triggered_by,
                                 root_id, depth, parent_id, replay_of, prefect_run_id, credits)
    VALUES (p_run, p_rule, p_trigger_type, p_data, 'queued', p_workspace, p_version,
            p_trigger, coalesce(p_context, '{}'), p_delivery, p_due, p_by,
            coalesce(p_root, p_run), p_depth, p_parent, p_replay_of, p_prefect_run, reserved_cost);
    IF mode IS NULL THEN
        SELECT v.definition #>> '{policy,overlap}', v.definition #>> '{policy,concurrency_key}' INTO mode, path
        FROM automation_versions v WHERE v.rule_id = p_rule AND v.number = p_version;
    END IF;
    IF unpaid THEN
        INSERT INTO run_queue (run_id, workspace_id, rule_id, version, lane, priority, state, overlap)
        VALUES (p_run, p_workspace, p_rule, p_version, p_lane, p_priority, 'blocked', nullif(mode, 'allow'));
    ELSIF mode IS NULL OR mode = 'allow' THEN
        INSERT INTO run_queue (run_id, workspace_id, rule_id, version, lane, priority, metered)
        VALUES (p_run, p_workspace, p_rule, p_version, p_lane, p_priority, counted);
    ELSE
        turn := overlap_key(path, p_data, p_context);
        INSERT INTO run_queue (run_id, workspace_id, rule_id, version, lane, priority, state, overlap, concurrency_key,
                               metered)
        VALUES (p_run, p_workspace, p_rule, p_version, p_lane, p_priority, 'blocked', mode, turn, counted);
        INSERT INTO overlap_changes (rule_id, concurrency_key) VALUES (p_rule, turn);
        IF p_parent IS NOT NULL THEN
            caller := waiting_caller(p_parent, p_rule, turn);
        END IF;
        IF caller IS NOT NULL THEN
            PERFORM skip_overlapping(p_run, caller,
                'Run %s of this automation and key called this one and waits for it, so the two would wait for each'
                ' other: this one was not run.');
        END IF;
    END IF;
    PERFORM pg_notify('vutler_runs', p_lane);
    RETURN NEXT;
END $$;

-- claiming ---------------------------------------------------------------------------------------------------------

-- What a worker has to know of a run that is paid for: what is reserved, what its steps spent before, and the prices.
CREATE FUNCTION run_budget(p_run uuid, p_reserved integer, p_epoch integer) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
    SELECT jsonb_build_object('reserved', p_reserved,
        'spent', CASE WHEN p_epoch > 1 THEN (SELECT coalesce(sum(c.credits), 0) FROM charged_steps(p_run) c) ELSE 0 END,
        'prices', (SELECT jsonb_object_agg(p.action_type, p.credits) FROM action_prices p WHERE p.credits > 0))
$$;

DROP FUNCTION claim_runs(text, text, integer, double precision, uuid);

-- As before (0007_claiming.sql), with the budget of runs that are paid for.
CREATE FUNCTION claim_runs(p_owner text, p_lane text, p_limit integer, p_lease double precision, p_after uuid)
RETURNS TABLE (next_after uuid, held_back boolean, whole boolean, id uuid, workspace_id uuid, rule_id uuid,
    rule_name text, version integer, epoch integer, seq integer, trigger_type text, trigger_data jsonb,
    trigger_context jsonb, prefect_run_id uuid, created_at timestamptz, started_at timestamptz, worked_ms bigint,
    cancel_requested boolean, root_id uuid, depth smallint, replay_of uuid, budget jsonb)
LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    t record;
BEGIN
    SELECT * INTO t FROM take_runs(p_owner, p_lane, p_limit, p_lease, p_after);
    -- A statement of its own: what was taken may be younger than the statement that took it.
    RETURN QUERY
    WITH begun AS (
        UPDATE automation_logs l SET status = 'running', started_at = coalesce(l.started_at, now()), seq = l.seq + 1,
            wait = NULL
        FROM unnest(t.run_ids, t.epochs, t.cancels) AS c (run_id, epoch, cancel_requested)
        WHERE l.id = c.run_id
        RETURNING l.*, c.epoch, c.cancel_requested
    )
    SELECT t.next_after, t.held_back, t.whole, b.id, b.workspace_id, b.rule_id, coalesce(r.name, '')::text, b.version,
        b.epoch, b.seq, b.trigger_type::text, b.trigger_data, b.trigger_context, b.prefect_run_id, b.created_at,
        b.started_at, b.worked_ms, b.cancel_requested, b.root_id, b.depth, b.replay_of,
        CASE WHEN b.credits IS NOT NULL THEN run_budget(b.id, b.credits, b.epoch) END
    FROM (VALUES (1)) one LEFT JOIN begun b ON true LEFT JOIN automation_rules r ON r.id = b.rule_id;
END $$;

-- recording --------------------------------------------------------------------------------------------------------

-- As before (0008_steps.sql). The balances of runs that end here are locked first, and a called run that can't be paid
-- is left in history as skipped, which its caller is told.
CREATE OR REPLACE FUNCTION record_runs(
    p_owner text, p_runs jsonb, p_steps jsonb, p_lines jsonb, p_events text[], p_calls jsonb
)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held uuid[];
    counted boolean;
    event text;
    call jsonb;
BEGIN
    SELECT coalesce(array_agg(q.run_id), '{}'), coalesce(bool_or(q.metered), false) INTO held, counted FROM (
        SELECT q.run_id, q.metered FROM run_queue q
        JOIN jsonb_to_recordset(p_runs) AS r (run_id uuid, epoch integer) ON q.run_id = r.run_id
        WHERE q.epoch = r.epoch AND q.owner = p_owner AND q.state = 'running'
        ORDER BY q.run_id FOR UPDATE OF q
    ) q;
    IF counted THEN  -- the balances of all that end or call here, in the one order in which everybody takes them
        PERFORM FROM credit_balances b WHERE b.workspace_id IN (
            SELECT q.workspace_id FROM run_queue q
            JOIN jsonb_to_recordset(p_runs) AS r (run_id uuid, status varchar) ON q.run_id = r.run_id
            WHERE q.run_id = ANY (held) AND q.metered AND (r.status IS NOT NULL OR p_calls <> '[]'))
        ORDER BY b.workspace_id FOR UPDATE;
    END IF;

    INSERT INTO automation_action_logs AS a
        (id, log_id, action_index, action_type, agent_id, input, output, status, duration_ms, error, workspace_id,
         step_id, iteration, attempt, attempts, effect, error_code, started_at, completed_at, epoch, seq, wait)
    SELECT s.id, s.run_id, s.action_index, s.action_type, s.agent_id, s.input, s.output, s.status, s.duration_ms,
           s.error, s.workspace_id, s.step_id, s.iteration, s.attempt, s.attempts, s.effect, s.error_code,
           s.started_at, s.completed_at, s.epoch, s.seq, s.wait
    FROM jsonb_to_recordset(p_steps) AS s
        (id uuid, run_id uuid, action_index integer, action_type varchar, agent_id varchar, input jsonb, output jsonb,
         status varchar, duration_ms integer, error text, workspace_id uuid, step_id varchar, iteration varchar,
         attempt smallint, attempts jsonb, effect varchar, error_code varchar, started_at timestamptz,
         completed_at timestamptz, epoch integer, seq integer, wait jsonb)
    WHERE s.run_id = ANY (held)
    ON CONFLICT (log_id, step_id, iteration) DO UPDATE SET
        input = excluded.input, output = excluded.output, status = excluded.status,
        duration_ms = excluded.duration_ms, error = excluded.error, attempt = excluded.attempt,
        attempts = excluded.attempts, effect = excluded.effect, error_code = excluded.error_code,
        started_at = excluded.started_at, completed_at = excluded.completed_at, epoch = excluded.epoch,
        seq = excluded.seq, wait = excluded.wait,
        wake = CASE WHEN excluded.wait IS DISTINCT FROM a.wait THEN NULL ELSE a.wake END
    WHERE a.status NOT IN ('success', 'failed', 'skipped');

    IF jsonb_path_exists(p_steps, '$[*].wait.ask') THEN
        PERFORM ask_people(p_steps, held);  -- 0009_approvals.sql
    END IF;

    INSERT INTO run_lines (run_id, seq, at, level, step_id, text)
    SELECT l.run_id, l.seq, l.at, l.level, l.step_id, l.text
    FROM jsonb_to_recordset(p_lines) AS l
        (run_id uuid, seq integer, at timestamptz, level varchar, step_id varchar, text text)
    WHERE l.run_id = ANY (held)
    ON CONFLICT DO NOTHING;

    UPDATE automation_logs g SET
        seq = r.seq, status = coalesce(r.status, g.status), completed_at = r.completed_at, output = r.output,
        error = r.error, error_code = r.error_code, error_step = r.error_step, wait = r.wait,
        worked_ms = coalesce(r.worked_ms, g.worked_ms)
    FROM jsonb_to_recordset(p_runs) AS r
        (run_id uuid, seq integer, status varchar, completed_at timestamptz, output jsonb, error text,
         error_code varchar, error_step varchar, wait jsonb, worked_ms bigint)
    WHERE g.id = r.run_id AND g.id = ANY (held);

    -- A step that was woken while the run still worked on another branch sends the run straight back to the queue.
    UPDATE run_queue q SET owner = NULL, lease_until = NULL, changed_at = now(),
        available_at = CASE WHEN r.status = 'waiting' AND NOT woken THEN coalesce(r.wake_at, 'infinity') ELSE now() END,
        state = CASE WHEN r.status <> 'waiting' THEN 'done' WHEN woken THEN 'queued' ELSE 'waiting' END
    FROM jsonb_to_recordset(p_runs) AS r (run_id uuid, status varchar, wake_at timestamptz),
        LATERAL (SELECT EXISTS (SELECT FROM automation_action_logs a
                 WHERE a.log_id = r.run_id AND a.status IN ('waiting', 'unknown') AND a.wake IS NOT NULL) AS woken) w
    WHERE q.run_id = r.run_id AND r.status IS NOT NULL AND q.run_id = ANY (held);

    INSERT INTO automation_stats AS t (rule_id, run_count, last_run_at, last_run_status, last_run_id)
    SELECT e.rule_id, count(*), max(e.completed_at), (array_agg(e.status ORDER BY e.run_id DESC))[1], max(e.run_id::text)::uuid
    FROM jsonb_to_recordset(p_runs) AS e (run_id uuid, rule_id uuid, status varchar, completed_at timestamptz)
    JOIN automation_rules k ON k.id = e.rule_id
    WHERE e.completed_at IS NOT NULL AND e.run_id = ANY (held)
    GROUP BY e.rule_id ORDER BY e.rule_id
    ON CONFLICT (rule_id) DO UPDATE SET
        run_count = t.run_count + excluded.run_count, last_run_at = excluded.last_run_at,
        last_run_status = excluded.last_run_status, last_run_id = excluded.last_run_id;

    FOR call IN
        SELECT c.value FROM jsonb_array_elements(p_calls) c
        WHERE (c.value->'called_by'->>'run')::uuid = ANY (held)
          AND NOT EXISTS (SELECT FROM automation_logs l WHERE l.id = (c.value->>'id')::uuid)
    LOOP
        PERFORM accept_run(
            p_run => (call->>'id')::uuid, p_workspace => (call->>'workspace_id')::uuid,
            p_rule => (call->>'rule_id')::uuid, p_version => (call->>'version')::integer, p_trigger => NULL,
            p_trigger_type => 'automation', p_data => nullif(call->'data', 'null'),
            p_context => jsonb_build_object('called_by', call->'called_by'), p_lane => call->>'lane',
            p_priority => (call->>'priority')::smallint, p_root => (call->>'root_id')::uuid,
            p_parent => (call->'called_by'->>'run')::uuid, p_depth => (call->>'depth')::smallint,
            p_refused => 'kept');
    END LOOP;

    FOREACH event IN ARRAY p_events LOOP
        PERFORM pg_notify('vutler_events', event);
    END LOOP;
    RETURN held;
END $$;
