-- Connections that people make themselves: where and by whom they may be used, and how they did.
ALTER TABLE connections
    ADD updated_by uuid,
    ADD secret_names text[] NOT NULL DEFAULT '{}',   -- the fields that are in `sealed`
    ADD hosts text[] NOT NULL DEFAULT '{}',          -- host, host:port or *.host; no others are reached with it
    ADD used_by varchar NOT NULL DEFAULT 'editors' CHECK (used_by IN ('editors', 'admins')),
    ADD last_used_at timestamptz,                    -- by a run; kept to the minute
    ADD last_tested_at timestamptz,
    ADD last_failed_at timestamptz,
    ADD last_error text;                             -- of the last failure; null once a test worked or it was edited

UPDATE connections SET secret_names = '{api_key}' WHERE sealed IS NOT NULL;
