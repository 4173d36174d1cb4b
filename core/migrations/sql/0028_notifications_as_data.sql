-- What a notification says, as data: a code and its arguments, told in the reader's language. `title` and `text` stay, in
-- English, for whoever knows no code; older rows have no code and are told as they stand.
ALTER TABLE notifications
    ADD what varchar(60),                        -- core/notifications/words.py
    ADD args jsonb NOT NULL DEFAULT '{}',
    ADD reminder boolean NOT NULL DEFAULT false; -- the same was told before
UPDATE notifications SET reminder = true WHERE kind = 'approval' AND starts_with(title, 'Reminder: ');
