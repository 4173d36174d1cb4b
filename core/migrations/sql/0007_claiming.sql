-- plans ------------------------------------------------------------------------------------------------------------

CREATE TABLE plans (
    name text PRIMARY KEY,
    max_running integer CHECK (max_running > 0)  -- runs of a workspace at the same time; null: no limit
);
INSERT INTO plans (name, max_running) VALUES
    ('free', 2), ('builder', 5), ('pro', 20), ('team', 50), ('unlimited', NULL);
INSERT INTO plans (name) SELECT DISTINCT plan FROM workspaces ON CONFLICT DO NOTHING;
ALTER TABLE workspaces ADD FOREIGN KEY (plan) REFERENCES plans ON UPDATE CASCADE;

-- the queue --------------------------------------------------------------------------------------------------------

-- A blocked run waits for others of the same automation and key (`overlap`). It is queued to everybody else.
ALTER TABLE run_queue DROP CONSTRAINT run_queue_state_check;
ALTER TABLE run_queue ADD CONSTRAINT run_queue_state_check
    CHECK (state IN ('blocked', 'queued', 'running', 'waiting', 'done'));
ALTER TABLE run_queue
    ADD overlap varchar CHECK (overlap IN ('queue', 'skip', 'replace')), -- null: allow, and then there is no key
    ADD replaced_by uuid;

DROP INDEX run_queue_ready;
CREATE INDEX run_queue_ready ON run_queue (lane, workspace_id, priority DESC, run_id) WHERE state = 'queued';
CREATE INDEX run_queue_running ON run_queue (workspace_id) WHERE state = 'running';
CREATE INDEX run_queue_active ON run_queue (rule_id, concurrency_key, run_id)
    WHERE concurrency_key IS NOT NULL AND state IN ('queued', 'running', 'waiting');
CREATE INDEX run_queue_blocked ON run_queue (rule_id, concurrency_key, overlap, run_id) WHERE state = 'blocked';
DROP INDEX run_queue_unseen;
CREATE INDEX run_queue_unseen ON run_queue (changed_at) WHERE state IN ('queued', 'blocked') AND told IS NULL;

-- overlap ----------------------------------------------------------------------------------------------------------
-- Who accepts a run with a key, and who ends one, leaves a row here in the same commit and locks nothing that others
-- want. Whoever claims works the rows off, one at a time for each key: what `settle_key` decides follows from the
-- queue alone. So nothing can deadlock, and no end is missed: each brings its own row.

CREATE TABLE overlap_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id uuid NOT NULL,
    concurrency_key text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- What a path into the trigger (blocks/paths.py) finds, as a key of bounded length. '' is the automation as a whole,
-- '?' a value that is missing or null.
CREATE FUNCTION overlap_key(p_path text, p_data jsonb, p_context jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    parts text[];
    found_text text;
BEGIN
    IF p_path IS NULL THEN
        RETURN '';
    END IF;
    SELECT array_agg(coalesce(m[1], m[2], m[3]) ORDER BY n) INTO parts
        FROM regexp_matches(p_path, '\["([^"]+)"\]|\[''([^'']+)''\]|([A-Za-z0-9_-]+)', 'g') WITH ORDINALITY AS t (m, n);
    found_text := CASE parts[2] WHEN 'data' THEN p_data #>> parts[3:] ELSE p_context #>> parts[2:] END;
    RETURN CASE WHEN found_text IS NULL THEN '?' WHEN length(found_text) <= 200 THEN '=' || found_text
        ELSE '#' || encode(sha256(convert_to(found_text, 'UTF8')), 'hex') END;
END $$;

CREATE FUNCTION tell_run(p_run uuid) RETURNS void LANGUAGE sql SET search_path = tenant_vutler, pg_temp AS $$
    SELECT pg_notify('vutler_events', jsonb_build_array(jsonb_build_object('run', id, 'workspace', workspace_id,
        'rule', rule_id, 'seq', seq, 'kind', 'run', 'status', status))::text)
    FROM automation_logs WHERE id = p_run
$$;

-- Cancel a run. Gives 'cancelled' when it is over at once, 'cancelling' when its worker was told to stop it, null when
-- it has ended already.
CREATE FUNCTION cancel_run(p_run uuid) RETURNS text LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    UPDATE run_queue SET state = 'done', changed_at = now()
    WHERE run_id = p_run AND state IN ('blocked', 'queued', 'waiting') AND owner IS NULL;
    IF FOUND THEN
        UPDATE automation_action_logs a SET status = 'skipped', completed_at = now(), seq = l.seq + 1
        FROM automation_logs l
        WHERE l.id = p_run AND a.log_id = p_run AND a.status IN ('waiting', 'running', 'unknown');
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

-- Leave a run in history as skipped because of `p_other`.
CREATE FUNCTION skip_overlapping(p_run uuid, p_other uuid, p_why text) RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    UPDATE run_queue SET state = 'done', changed_at = now() WHERE run_id = p_run;
    UPDATE automation_logs SET status = 'skipped', completed_at = now(), seq = seq + 1, error_code = 'overlap',
        error = format(p_why, p_other)
    WHERE id = p_run;
    PERFORM tell_run(p_run);
END $$;

-- The run among those that called this one which the new one would wait for, and which waits for the new one itself.
CREATE FUNCTION waiting_caller(p_parent uuid, p_rule uuid, p_key text) RETURNS uuid LANGUAGE sql
SET search_path = tenant_vutler, pg_temp AS $$
    WITH RECURSIVE callers AS (
        SELECT id, parent_id, 1 AS distance FROM automation_logs WHERE id = p_parent
        UNION ALL
        SELECT l.id, l.parent_id, distance + 1 FROM callers c JOIN automation_logs l ON l.id = c.parent_id
        WHERE distance < 10
    )
    SELECT q.run_id FROM callers c JOIN run_queue q ON q.run_id = c.id
    WHERE q.rule_id = p_rule AND q.concurrency_key = p_key AND q.state <> 'done' LIMIT 1
$$;

-- Decide who of one key goes on; the caller holds the key's lock. Gives false when a run that had to be touched was
-- locked by somebody: then it is to be asked again. It waits for nobody.
CREATE FUNCTION settle_key(p_rule uuid, p_key text) RETURNS boolean LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    newest uuid;
    active uuid;
    first uuid;
    first_lane text;
    other uuid;
    whole boolean := true;
BEGIN
    SELECT run_id INTO newest FROM run_queue
    WHERE rule_id = p_rule AND concurrency_key = p_key AND state = 'blocked' AND overlap = 'replace'
    ORDER BY run_id DESC LIMIT 1;
    IF newest IS NOT NULL THEN
        FOR other IN
            SELECT run_id FROM run_queue WHERE rule_id = p_rule AND concurrency_key = p_key
                AND concurrency_key IS NOT NULL AND state IN ('queued', 'running', 'waiting')
                AND NOT (state = 'running' AND cancel_requested)
            UNION ALL
            SELECT run_id FROM run_queue WHERE rule_id = p_rule AND concurrency_key = p_key
                AND state = 'blocked' AND run_id < newest
            ORDER BY run_id
        LOOP
            PERFORM FROM run_queue WHERE run_id = other FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                whole := false;
                CONTINUE;
            END IF;
            UPDATE run_queue SET replaced_by = newest WHERE run_id = other;
            PERFORM cancel_run(other);
        END LOOP;
    END IF;

    SELECT run_id INTO active FROM run_queue
    WHERE rule_id = p_rule AND concurrency_key = p_key AND concurrency_key IS NOT NULL
        AND state IN ('queued', 'running', 'waiting')
    ORDER BY run_id LIMIT 1;
    IF active IS NULL THEN
        SELECT min(head.run_id::text)::uuid INTO first
        FROM unnest(ARRAY['queue', 'skip', 'replace']) mode, LATERAL (
            SELECT run_id FROM run_queue
            WHERE rule_id = p_rule AND concurrency_key = p_key AND state = 'blocked' AND overlap = mode
            ORDER BY run_id LIMIT 1) head;
        IF first IS NULL THEN
            RETURN whole;
        END IF;
        SELECT lane INTO first_lane FROM run_queue WHERE run_id = first FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        UPDATE run_queue SET state = 'queued', changed_at = now() WHERE run_id = first AND state = 'blocked';
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        PERFORM pg_notify('vutler_runs', first_lane);
        active := first;
    END IF;

    FOR other IN
        SELECT run_id FROM run_queue
        WHERE rule_id = p_rule AND concurrency_key = p_key AND state = 'blocked' AND overlap = 'skip'
        ORDER BY run_id FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM skip_overlapping(other, active,
            'Run %s of this automation and key has not ended, and overlap is skip: this one was not run.');
    END LOOP;
    RETURN whole AND NOT EXISTS (SELECT FROM run_queue
        WHERE rule_id = p_rule AND concurrency_key = p_key AND state = 'blocked' AND overlap = 'skip');
END $$;

-- Work off what changed among runs with keys. Settlers of one key wait for each other, always in the same order, and
-- never for anybody else.
CREATE FUNCTION settle_overlap() RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    rules uuid[];
    keys text[];
BEGIN
    IF NOT EXISTS (SELECT FROM overlap_changes ORDER BY id LIMIT 1) THEN
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM overlap_changes
        WHERE id = ANY (ARRAY(SELECT id FROM overlap_changes ORDER BY id LIMIT 200 FOR UPDATE SKIP LOCKED))
        RETURNING rule_id, concurrency_key
    )
    SELECT array_agg(k.rule_id ORDER BY lock), array_agg(k.concurrency_key ORDER BY lock) INTO rules, keys
    FROM (SELECT DISTINCT rule_id, concurrency_key,
              hashtextextended(rule_id || ' ' || concurrency_key, 7) AS lock FROM taken) k;
    FOR n IN 1 .. coalesce(cardinality(rules), 0) LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended(rules[n] || ' ' || keys[n], 7));
        IF NOT settle_key(rules[n], keys[n]) THEN
            INSERT INTO overlap_changes (rule_id, concurrency_key) VALUES (rules[n], keys[n]);
        END IF;
    END LOOP;
END $$;

-- Every path to the end of a run passes here.
CREATE FUNCTION run_left() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF NEW.state = 'waiting' THEN  -- it was asked to stop just while it recorded that it waits
        PERFORM cancel_run(NEW.run_id);
        RETURN NULL;
    END IF;
    IF NEW.replaced_by IS NOT NULL THEN
        UPDATE automation_logs SET error_code = 'replaced',
            error = format('Run %s of this automation and key came later and took its place (overlap is replace).',
                           NEW.replaced_by)
        WHERE id = NEW.run_id AND status IN ('queued', 'waiting', 'cancelled');
    END IF;
    INSERT INTO overlap_changes (rule_id, concurrency_key) VALUES (NEW.rule_id, NEW.concurrency_key);
    PERFORM pg_notify('vutler_runs', NEW.lane);
    RETURN NULL;
END $$;
CREATE TRIGGER run_left AFTER UPDATE OF state ON run_queue FOR EACH ROW
    WHEN (NEW.state = 'done' AND OLD.state <> 'done' AND NEW.concurrency_key IS NOT NULL
          OR NEW.state = 'waiting' AND NEW.cancel_requested)
    EXECUTE FUNCTION run_left();

-- acceptance -------------------------------------------------------------------------------------------------------

DROP FUNCTION IF EXISTS accept_run(uuid, uuid, uuid, integer, uuid, text, jsonb, jsonb, text, smallint, text, interval, uuid,
    jsonb, timestamptz, text, uuid, uuid, uuid, smallint, uuid);

-- Take in one event: its key, run, queue row and delivery, in one call and so in one commit.
-- Gives the verdict ('accepted' or 'duplicate') and the run: of a duplicate, the first one's.
-- p_overlap 'allow': it runs beside others. Null: as the policy of its version says, which is looked up here.
CREATE FUNCTION accept_run(
    p_run uuid, p_workspace uuid, p_rule uuid, p_version integer, p_trigger uuid, p_trigger_type text,
    p_data jsonb, p_context jsonb, p_lane text, p_priority smallint,
    p_key text DEFAULT NULL, p_key_ttl interval DEFAULT interval '7 days',
    p_delivery uuid DEFAULT NULL, p_delivery_facts jsonb DEFAULT NULL,
    p_due timestamptz DEFAULT NULL, p_by text DEFAULT NULL, p_prefect_run uuid DEFAULT NULL,
    p_root uuid DEFAULT NULL, p_parent uuid DEFAULT NULL, p_depth smallint DEFAULT 1::smallint,
    p_replay_of uuid DEFAULT NULL, p_overlap text DEFAULT NULL
) RETURNS TABLE (verdict text, run_id uuid) LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
#variable_conflict use_column
DECLARE
    first_run uuid;
    mode text := p_overlap;
    path text;
    turn text;
    caller uuid;
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
                                 root_id, depth, parent_id, replay_of, prefect_run_id)
    VALUES (p_run, p_rule, p_trigger_type, p_data, 'queued', p_workspace, p_version,
            p_trigger, coalesce(p_context, '{}'), p_delivery, p_due, p_by,
            coalesce(p_root, p_run), p_depth, p_parent, p_replay_of, p_prefect_run);
    IF mode IS NULL THEN
        SELECT v.definition #>> '{policy,overlap}', v.definition #>> '{policy,concurrency_key}' INTO mode, path
        FROM automation_versions v WHERE v.rule_id = p_rule AND v.number = p_version;
    END IF;
    IF mode IS NULL OR mode = 'allow' THEN
        INSERT INTO run_queue (run_id, workspace_id, rule_id, version, lane, priority)
        VALUES (p_run, p_workspace, p_rule, p_version, p_lane, p_priority);
    ELSE
        turn := overlap_key(path, p_data, p_context);
        INSERT INTO run_queue (run_id, workspace_id, rule_id, version, lane, priority, state, overlap, concurrency_key)
        VALUES (p_run, p_workspace, p_rule, p_version, p_lane, p_priority, 'blocked', mode, turn);
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

-- The workspaces that have ready runs in a lane, from the one behind p_after once around, and how many each may have
-- running at the same time. Each costs one step in the index, and only as many steps are taken as rows are asked for:
-- without settings of its own this becomes a part of the query that asks.
CREATE FUNCTION round_of(p_lane text, p_after uuid) RETURNS TABLE (workspace_id uuid, max_running integer)
LANGUAGE sql STABLE ROWS 10 AS $$
    WITH RECURSIVE behind AS (
        (SELECT q.workspace_id AS id FROM tenant_vutler.run_queue q
         WHERE q.state = 'queued' AND q.lane = p_lane AND q.workspace_id > p_after ORDER BY q.workspace_id LIMIT 1)
        UNION ALL
        SELECT (SELECT q.workspace_id FROM tenant_vutler.run_queue q
                WHERE q.state = 'queued' AND q.lane = p_lane AND q.workspace_id > b.id ORDER BY q.workspace_id LIMIT 1)
        FROM behind b WHERE b.id IS NOT NULL
    ), before AS (
        (SELECT q.workspace_id AS id FROM tenant_vutler.run_queue q
         WHERE q.state = 'queued' AND q.lane = p_lane AND q.workspace_id <= p_after ORDER BY q.workspace_id LIMIT 1)
        UNION ALL
        SELECT (SELECT q.workspace_id FROM tenant_vutler.run_queue q
                WHERE q.state = 'queued' AND q.lane = p_lane AND q.workspace_id > b.id AND q.workspace_id <= p_after
                ORDER BY q.workspace_id LIMIT 1)
        FROM before b WHERE b.id IS NOT NULL
    )
    SELECT id, (SELECT p.max_running FROM tenant_vutler.workspaces w JOIN tenant_vutler.plans p ON p.name = w.plan
                WHERE w.id = r.id)
    FROM (SELECT id FROM behind UNION ALL SELECT id FROM before) r WHERE id IS NOT NULL
$$;

-- Choose and take the runs of a claim, see `claim_runs`.
CREATE FUNCTION take_runs(p_owner text, p_lane text, p_limit integer, p_lease double precision, p_after uuid,
    OUT run_ids uuid[], OUT epochs integer[], OUT cancels boolean[], OUT next_after uuid, OUT held_back boolean,
    OUT whole boolean)
LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp
-- Plans are made once and kept while the queue is now empty, now long: the indexes are right for both.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    here uuid;
    room integer;  -- null: no limit
    visits integer := 0;
    spaces uuid[] := '{}';
    rooms integer[] := '{}';
    wanted integer[];
    got integer[];
    taken uuid[] := '{}';
BEGIN
    PERFORM settle_overlap();
    next_after := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
    held_back := false;
    whole := true;
    FOR here, room IN SELECT * FROM round_of(p_lane, next_after) LOOP
        IF cardinality(spaces) = p_limit OR visits = p_limit + 100 THEN
            whole := false;
            EXIT;
        END IF;
        visits := visits + 1;
        next_after := here;
        IF room IS NOT NULL THEN
            IF NOT pg_try_advisory_xact_lock(hashtextextended(here::text, 8)) THEN
                held_back := true;
                CONTINUE;
            END IF;
            SELECT room - count(*) INTO room FROM (
                SELECT FROM run_queue q WHERE q.state = 'running' AND q.workspace_id = here LIMIT room) running;
            IF room = 0 THEN
                held_back := true;
                CONTINUE;
            END IF;
        END IF;
        spaces := spaces || here;
        rooms := rooms || room;
    END LOOP;
    IF whole AND cardinality(spaces) > 1 THEN
        next_after := spaces[1];  -- who begins has the larger part of what can't be divided
    END IF;

    FOR pass IN 1 .. 2 LOOP  -- in the second, what some leave over goes to those that have more
        EXIT WHEN cardinality(taken) = p_limit OR coalesce(0 = ALL (rooms), false);
        SELECT array_agg(least(rooms[n], CASE pass WHEN 2 THEN p_limit - cardinality(taken)
                   ELSE p_limit / cardinality(spaces) + (n <= p_limit % cardinality(spaces))::integer END) ORDER BY n)
            INTO wanted FROM generate_subscripts(spaces, 1) n;
        WITH ready AS MATERIALIZED (
            SELECT r.run_id, w.n FROM unnest(spaces, wanted) WITH ORDINALITY AS w (id, most, n), LATERAL (
                SELECT q.run_id FROM run_queue q
                WHERE q.state = 'queued' AND q.lane = p_lane AND q.workspace_id = w.id AND q.available_at <= now()
                    AND q.run_id <> ALL (taken)
                ORDER BY q.priority DESC, q.run_id LIMIT w.most FOR UPDATE SKIP LOCKED) r
            LIMIT p_limit - cardinality(taken)
        )
        SELECT taken || (SELECT array_agg(run_id) FROM ready),
               ARRAY(SELECT (SELECT count(*) FROM ready WHERE ready.n = s.n) FROM generate_subscripts(spaces, 1) s (n))
            INTO taken, got;
        FOR n IN 1 .. cardinality(spaces) LOOP
            IF got[n] < wanted[n] OR rooms[n] = 0 THEN
                rooms[n] := 0;  -- it has or may have no more
            ELSE
                rooms[n] := rooms[n] - got[n];
                held_back := held_back OR coalesce(rooms[n] = 0, false);
            END IF;
        END LOOP;
    END LOOP;

    WITH claimed AS (
        UPDATE run_queue q SET state = 'running', owner = p_owner, epoch = q.epoch + 1, changed_at = now(),
            lease_until = clock_timestamp() + make_interval(secs => p_lease)
        WHERE q.run_id = ANY (taken)
        RETURNING q.run_id, q.epoch, q.cancel_requested
    )
    SELECT array_agg(c.run_id), array_agg(c.epoch), array_agg(c.cancel_requested) INTO run_ids, epochs, cancels
    FROM claimed c;
END $$;

-- Take up to p_limit ready runs of a lane, on a round through the workspaces that have any: it begins behind p_after,
-- gives each the same share, and within one takes the highest priority first, then the oldest. The round is a walk
-- from one workspace to the next in the index, so that it costs the same however many there are.
--
-- A workspace never gets more runs than its plan lets run at once: whoever claims for one that has a limit holds its
-- lock until the commit, and others pass it over.
--
-- next_after: where the next round begins. held_back: work was passed over because of a limit. whole: all workspaces
-- were visited.
CREATE FUNCTION claim_runs(p_owner text, p_lane text, p_limit integer, p_lease double precision, p_after uuid)
RETURNS TABLE (next_after uuid, held_back boolean, whole boolean, id uuid, workspace_id uuid, rule_id uuid,
    rule_name text, version integer, epoch integer, seq integer, trigger_type text, trigger_data jsonb,
    trigger_context jsonb, prefect_run_id uuid, created_at timestamptz, started_at timestamptz, worked_ms bigint,
    cancel_requested boolean, root_id uuid, depth smallint, replay_of uuid)
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
        b.started_at, b.worked_ms, b.cancel_requested, b.root_id, b.depth, b.replay_of
    FROM (VALUES (1)) one LEFT JOIN begun b ON true LEFT JOIN automation_rules r ON r.id = b.rule_id;
END $$;
