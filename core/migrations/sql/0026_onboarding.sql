-- When a person was done with the first steps. Whoever was here before needs none.
ALTER TABLE users ADD onboarded_at timestamptz;
UPDATE users SET onboarded_at = now();
