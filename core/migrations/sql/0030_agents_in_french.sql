-- The agents that a workspace begins with are described in the language of whoever makes it; their names stay.
CREATE FUNCTION describe_seeded_agents() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM workspace_members m WHERE m.workspace_id = NEW.workspace_id AND m.user_id <> NEW.user_id)
        OR NOT EXISTS (SELECT FROM users u WHERE u.id = NEW.user_id AND u.locale = 'fr') THEN
        RETURN NULL;
    END IF;
    UPDATE agents a SET description = s.french
    FROM (VALUES
        ('code_bot', 'Writes, explains and reviews code, and makes web pages.',
         'Écrit, explique et relit du code, et fait des pages web.'),
        ('sales_pro', 'Scores leads, writes offers and follow-ups, answers questions of customers.',
         'Évalue les prospects, écrit offres et relances, répond aux questions des clients.'),
        ('polyglot', 'Translates, and answers everybody in their own language.',
         'Traduit, et répond à chacun dans sa langue.'),
        ('scraping-agent', 'Reads web pages and other raw texts, and gives back what is in them as data.',
         'Lit des pages web et d’autres textes bruts, et en rend le contenu sous forme de données.'),
        ('content-agent', 'Writes and sums up texts: articles, digests, posts, newsletters.',
         'Écrit et résume des textes : articles, synthèses, publications, infolettres.')
    ) AS s (slug, english, french)
    WHERE a.workspace_id = NEW.workspace_id AND a.slug = s.slug AND a.description = s.english;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION describe_seeded_agents() FROM PUBLIC;
CREATE TRIGGER describe_seeded_agents AFTER INSERT ON workspace_members
    FOR EACH ROW WHEN (NEW.role = 'owner') EXECUTE FUNCTION describe_seeded_agents();
