-- The door through which runs come (0018_tenancy.sql) looks whose they are.

-- Take in one event: its key, run, queue row and delivery, in one call and so in one commit.
-- Gives the verdict ('accepted' or 'duplicate') and the run: of a duplicate, the first one's.
-- p_overlap 'allow': it runs beside others. Null: as the policy of its version says, which is looked up here.
-- p_metered false: the workspace is known to have a plan that counts nothing. Null: that is looked up here.
-- A run that the workspace can't have now (`reserve_run`) is not made, and the verdict is the reason; p_refused 'kept':
-- it stands in history as skipped, and so is the verdict. Either way `facts` say more.
-- What it is given must be of one workspace: that of the session where this asks for one. A webhook's session asks for
-- whichever it served last (core/db.py, `calling`), and the session that records a call for whichever it recorded last.
CREATE OR REPLACE FUNCTION accept_run(
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
    IF EXISTS (SELECT FROM automation_rules r WHERE r.id = p_rule AND r.workspace_id <> p_workspace)
        OR EXISTS (SELECT FROM automation_triggers t WHERE t.id = p_trigger AND t.workspace_id <> p_workspace)
        OR (p_delivery IS NULL AND p_parent IS NULL AND p_workspace <> current_workspace())
    THEN
        RAISE EXCEPTION 'a run of another workspace is not accepted' USING ERRCODE = 'insufficient_privilege';
    END IF;
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
