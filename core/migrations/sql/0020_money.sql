-- What steps cost beyond their price, payloads by plan, and fewer statements for runs that are paid for.

ALTER TABLE plans ADD payload_kb integer CHECK (payload_kb > 0);  -- KiB of what an arrival or a person hands to a run

-- charging beyond the price ----------------------------------------------------------------------------------------

-- Of steps of runs under way: what they were charged beyond their price, which is spent at once.
CREATE TABLE step_charges (
    run_id uuid NOT NULL,
    step_id varchar NOT NULL,
    iteration varchar NOT NULL,
    workspace_id uuid NOT NULL,
    credits bigint NOT NULL,
    last_id uuid NOT NULL,                       -- of the charge that came last, which may be asked for again
    last_credits bigint NOT NULL,
    PRIMARY KEY (run_id, step_id, iteration)
);

-- Charge a step under way with what it has cost beyond its price: as far as its budget and the balance go, and nothing
-- when the run is not held under this epoch any more. The same p_charge is charged once.
-- charged: of this charge; in_all: of the step; remaining: how much more it may be charged now.
CREATE FUNCTION charge_step(
    p_charge uuid, p_run uuid, p_epoch integer, p_step text, p_iteration text, p_action text, p_credits bigint,
    p_budget bigint, OUT charged bigint, OUT in_all bigint, OUT remaining bigint
) LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    space uuid;
    rule uuid;
    former step_charges;
    available bigint;
BEGIN
    charged := 0;
    SELECT q.workspace_id, q.rule_id INTO space, rule FROM run_queue q
        WHERE q.run_id = p_run AND q.epoch = p_epoch AND q.state = 'running' AND q.metered FOR UPDATE;
    SELECT * INTO former FROM step_charges c
        WHERE c.run_id = p_run AND c.step_id = p_step AND c.iteration = p_iteration;
    in_all := coalesce(former.credits, 0);
    SELECT b.balance INTO available FROM credit_balances b WHERE b.workspace_id = space FOR UPDATE;
    remaining := greatest(least(p_budget - in_all, coalesce(available, 0)), 0);
    IF former.last_id = p_charge THEN
        charged := former.last_credits;
        RETURN;
    END IF;
    charged := least(p_credits, remaining);
    IF charged < p_credits AND space IS NOT NULL AND p_budget - in_all > charged THEN
        UPDATE credit_balances SET refused_at = now() WHERE workspace_id = space;
    END IF;
    IF charged = 0 THEN
        RETURN;
    END IF;
    INSERT INTO step_charges AS c (run_id, step_id, iteration, workspace_id, credits, last_id, last_credits)
    VALUES (p_run, p_step, p_iteration, space, charged, p_charge, charged)
    ON CONFLICT (run_id, step_id, iteration) DO UPDATE SET
        credits = c.credits + excluded.credits, last_id = excluded.last_id, last_credits = excluded.last_credits;
    PERFORM move_credits(space, 'balance', 'spent', charged, 'settle', p_run, rule, p_action);
    in_all := in_all + charged;
    remaining := remaining - charged;
END $$;

-- settling ---------------------------------------------------------------------------------------------------------

-- Take what the run spent out of its reservation and give back the rest. What its steps' prices come to beyond that is
-- taken from the balance as far as that goes. A run without a reservation, or one that was settled, is left alone.
-- The steps stand one behind the other on a line: what lies within the reservation is paid from it, the next from the
-- balance.
CREATE OR REPLACE FUNCTION settle_credits(p_run uuid) RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held credit_reservations;
    own bigint;
    used bigint;
    back bigint;
    beyond bigint;
BEGIN
    WITH gone AS (DELETE FROM step_charges WHERE run_id = p_run RETURNING credits)
    SELECT coalesce(sum(credits), 0) INTO beyond FROM gone;
    DELETE FROM credit_reservations WHERE run_id = p_run RETURNING * INTO held;
    IF NOT FOUND THEN
        UPDATE automation_logs SET credits = beyond WHERE id = p_run AND beyond > 0;
        RETURN;
    END IF;
    SELECT balance INTO own FROM credit_balances WHERE workspace_id = held.workspace_id FOR UPDATE;
    WITH line AS (
        SELECT c.action_type, sum(c.credits) OVER (ORDER BY c.action_type) AS upto,
            sum(c.credits) OVER (ORDER BY c.action_type) - c.credits AS since
        FROM charged_steps(p_run) c
    ), moves AS (
        SELECT 'reserved' AS here, 'spent' AS there, 'settle' AS kind, action_type,
            least(upto, held.amount) - least(since, held.amount) AS amount FROM line
        UNION ALL
        SELECT 'balance', 'spent', 'settle', action_type,
            least(upto, held.amount + own) - greatest(since, held.amount) FROM line
        UNION ALL
        SELECT 'reserved', 'balance', 'release', NULL, held.amount - coalesce(max(upto), 0) FROM line
    ), written AS (
        INSERT INTO credit_transfers (workspace_id, from_account, to_account, amount, kind, run_id, rule_id,
                                      action_type)
        SELECT held.workspace_id, here, there, amount, kind, p_run, held.rule_id, action_type
        FROM moves WHERE amount > 0
        RETURNING from_account, to_account, amount
    )
    SELECT coalesce(sum(amount) FILTER (WHERE to_account = 'spent'), 0),
        coalesce(sum(amount) FILTER (WHERE to_account = 'balance'), 0)
            - coalesce(sum(amount) FILTER (WHERE from_account = 'balance'), 0)
    INTO used, back FROM written;
    UPDATE credit_balances SET reserved = reserved - held.amount, balance = balance + back
        WHERE workspace_id = held.workspace_id;
    UPDATE automation_logs SET credits = used + beyond WHERE id = p_run AND credits IS DISTINCT FROM used + beyond;
END $$;

-- reserving --------------------------------------------------------------------------------------------------------

-- As before (0016_credits.sql), with the balance written once.
-- Count a run and reserve what it may cost, or say why not: `refusal` is no_credits, runs_per_month or runs_per_hour,
-- and then nothing was counted; `facts` tell of it (cost, left, detail, retry_s). `may_wait`: the workspace wants such a
-- run to wait. Not metered: nothing happened. Who asks holds the workspace's balance until the commit.
CREATE OR REPLACE FUNCTION reserve_run(
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
    UPDATE credit_balances SET runs_in_month = runs_in_month + 1, hour = this_hour, runs_in_hour = in_hour + 1,
        balance = balance - coalesce(cost, 0), reserved = reserved + coalesce(cost, 0)
    WHERE workspace_id = p_workspace;
    IF cost > 0 THEN
        INSERT INTO credit_reservations (run_id, workspace_id, rule_id, amount) VALUES (p_run, p_workspace, p_rule, cost);
        INSERT INTO credit_transfers (workspace_id, from_account, to_account, amount, kind, run_id, rule_id)
        VALUES (p_workspace, 'balance', 'reserved', cost, 'reserve', p_run, p_rule);
    END IF;
END $$;

-- cancelling -------------------------------------------------------------------------------------------------------

-- As before (0007_claiming.sql); the steps are closed before the run is settled, so that what is charged is what
-- history says: a step in doubt that nobody answered for is skipped, and costs nothing.
CREATE OR REPLACE FUNCTION cancel_run(p_run uuid) RETURNS text LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    PERFORM FROM run_queue
    WHERE run_id = p_run AND state IN ('blocked', 'queued', 'waiting') AND owner IS NULL FOR UPDATE;
    IF FOUND THEN
        UPDATE automation_action_logs a SET status = 'skipped', completed_at = now(), seq = l.seq + 1
        FROM automation_logs l
        WHERE l.id = p_run AND a.log_id = p_run AND a.status IN ('waiting', 'running', 'unknown');
        UPDATE run_queue SET state = 'done', changed_at = now() WHERE run_id = p_run;
        UPDATE automation_logs SET status = 'cancelled', completed_at = now(), seq = seq + 1, wait = NULL,
            error_code = coalesce(error_code, 'cancelled'), error = coalesce(error, 'Cancelled before it went on.')
        WHERE id = p_run;
        PERFORM tell_run(p_run);
        RETURN 'cancelled';
    END IF;
    UPDATE run_queue SET cancel_requested = true WHERE run_id = p_run AND state <> 'done';
    IF FOUND THEN
        PERFORM pg_notify('vutler_cancel', p_run::text);
        RETURN 'cancelling';
    END IF;
    RETURN NULL;
END $$;
