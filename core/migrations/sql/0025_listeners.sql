-- Who may want something of these channels (p_texts: their ids as text), called so (p_called: their ids, their names in
-- small letters without #, the ids of their services), said by people or by bots alone (not p_people). Of several with
-- one automation each is a row.
--
-- What can be told from a trigger and from who is in the channels is told first: versions and agents are looked up for
-- the few that are left, so that a workspace of many listeners takes hardly longer. What is not certain here (letters
-- beyond ASCII, other words for false) is left to the caller. Planning it took longer than all of this: it keeps a
-- generic plan.
CREATE FUNCTION listeners_of(
    p_workspace uuid, p_kinds text[], p_channels uuid[], p_texts text[], p_called text[], p_people boolean
) RETURNS TABLE (
    trigger_id uuid, rule_id uuid, version integer, type text, config jsonb, policy jsonb, agent_id uuid,
    agent_slug text, answers_bots boolean, inbox text, joined uuid[]
) LANGUAGE plpgsql STABLE SET search_path = tenant_vutler, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
RETURN QUERY
WITH present AS MATERIALIZED (
    SELECT coalesce(array_agg(a.slug) || array_agg(a.id::text), '{}') AS names FROM agents a
    WHERE a.workspace_id = p_workspace AND a.deleted_at IS NULL AND a.enabled AND (a.channels ?| p_texts
        OR a.id IN (SELECT m.agent_id FROM channel_members m WHERE m.channel_id = ANY (p_channels)))
), wanting AS MATERIALIZED (
    SELECT t.id AS trigger_id, t.rule_id, t.type, t.config, t.config ->> 'agent' AS named,
        coalesce(t.config ->> 'bots', 'false') <> 'false' AS hears_bots
    FROM automation_triggers t, present p
    WHERE t.workspace_id = p_workspace AND t.type = ANY (p_kinds) AND t.active
        AND (p_people OR t.config ->> 'agent' IS NOT NULL OR coalesce(t.config ->> 'bots', 'false') <> 'false')
        AND CASE WHEN t.type = 'email' OR (t.config -> 'mail' = 'true' AND 'email' = ANY (p_kinds)) THEN true
            WHEN jsonb_typeof(t.config -> 'channels') = 'array' THEN EXISTS (
                SELECT FROM jsonb_array_elements_text(t.config -> 'channels') AS c (name)
                WHERE c.name = ANY (p_called) OR lower(ltrim(c.name, '#')) = ANY (p_called) OR c.name ~ '[^ -~]')
            WHEN t.config ->> 'agent' IS NULL OR t.config ? 'channels' THEN true
            ELSE t.config ->> 'agent' = ANY (p.names) END
)
SELECT w.trigger_id, w.rule_id, r.live_version AS version, w.type::text, w.config,
    coalesce(v.definition -> 'policy', '{}') AS policy, a.id AS agent_id, a.slug::text AS agent_slug,
    coalesce((a.settings ->> 'answer_bots')::boolean, false) AS answers_bots, a.email ->> 'inbox' AS inbox,
    ARRAY(SELECT h.id FROM unnest(p_channels) AS h (id) WHERE a.channels ? h.id::text OR EXISTS (
        SELECT FROM channel_members m WHERE m.channel_id = h.id AND m.agent_id = a.id)) AS joined
FROM wanting w JOIN automation_rules r ON r.id = w.rule_id
JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
LEFT JOIN LATERAL (
    SELECT a.* FROM agents a
    WHERE a.workspace_id = p_workspace AND a.slug = w.named AND a.deleted_at IS NULL AND a.enabled
    UNION ALL
    SELECT a.* FROM agents a WHERE a.workspace_id = p_workspace AND a.deleted_at IS NULL AND a.enabled
        AND a.id = CASE WHEN w.named ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN w.named::uuid END
    LIMIT 1
) a ON w.named IS NOT NULL
WHERE r.enabled AND r.deleted_at IS NULL AND (w.named IS NULL OR a.id IS NOT NULL)
    AND (p_people OR w.hears_bots OR (a.settings ->> 'answer_bots')::boolean)
ORDER BY w.rule_id, w.trigger_id;
END $$;
