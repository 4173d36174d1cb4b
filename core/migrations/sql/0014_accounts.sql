-- Sessions, API tokens, invitations, one-time links and identities of other issuers. Secrets are kept as SHA-256.

ALTER TABLE users
    ALTER password_hash DROP NOT NULL,           -- null: signs in through another issuer, or not yet
    ADD locale varchar(35) NOT NULL DEFAULT 'en',
    ADD timezone varchar(64) NOT NULL DEFAULT 'UTC',
    ADD email_verified_at timestamptz,
    ADD disabled_at timestamptz;

-- One sign-in on one device. Its refresh token is signed and names the counter: an older one has been used before.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    counter integer NOT NULL DEFAULT 0,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,             -- moves on with each rotation
    ends_at timestamptz NOT NULL,                -- does not
    revoked_at timestamptz,
    revoked_why varchar CHECK (revoked_why IN ('logout', 'reuse', 'password', 'linked', 'operator')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user ON sessions (user_id);

-- They die with the membership.
CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    scopes varchar[] NOT NULL,
    hash bytea NOT NULL UNIQUE,
    last_four varchar(4) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members ON DELETE CASCADE
);
CREATE INDEX api_tokens_member ON api_tokens (workspace_id, user_id, id DESC);

CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    hash bytea NOT NULL UNIQUE,
    invited_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX invitations_workspace ON invitations (workspace_id, id DESC);
CREATE UNIQUE INDEX invitations_open ON invitations (workspace_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- Links that are good for one use: a new password, the proof that an address is somebody's.
CREATE TABLE user_links (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind varchar NOT NULL CHECK (kind IN ('password', 'email')),
    email text NOT NULL,                         -- the address it was made for; void when the user has another one
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX user_links_user ON user_links (user_id);

-- Who a user is at an issuer of OpenID Connect.
CREATE TABLE user_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);
