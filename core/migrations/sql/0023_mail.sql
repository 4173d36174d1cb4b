-- Which notifications somebody wants by mail as well.
ALTER TABLE users ADD mail_notifications varchar(20) NOT NULL DEFAULT 'approvals'
    CHECK (mail_notifications IN ('approvals', 'all', 'none'));
