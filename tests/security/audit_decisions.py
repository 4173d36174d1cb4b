"""What is decided of each operation that changes something: which rows it leaves in the audit log, or why none."""

from typing import Final

Operation = tuple[str, str]

ONE: Final = "/api/automations/{automation_id}"
ASKED: Final = "/api/approvals/{approval_id}"
OF_RUN: Final = "/api/automations/logs/{log_id}"
SAVED: Final = "/api/connections/{connection_id}"
ROOM: Final = "/api/channels/{channel_id}"
OF_WORKSPACE: Final = "/api/workspaces/{workspace_id}"
ENTERED: Final = {"user.signed_in", "user.sign_in_failed", "invitation.accepted", "member.added"}
ANSWERED: Final = {"approval.approve", "approval.reject"}

NOTED: Final[dict[Operation, set[str]]] = {
    ("POST", "/api/auth/register"): {"user.registered", "workspace.created", "invitation.accepted", "member.added"},
    ("POST", "/api/auth/login"): ENTERED,
    ("POST", "/api/auth/refresh"): {"user.session_reused"},
    ("POST", "/api/auth/logout"): {"user.signed_out", "user.signed_out_everywhere"},
    ("POST", "/api/auth/password/forgot"): {"user.password_forgotten"},
    ("POST", "/api/auth/password/reset"): {"user.password_reset"},
    ("POST", "/api/auth/email/verify"): {"user.email_verified"},
    ("POST", "/api/auth/email/send"): {"user.verification_asked"},
    ("PATCH", "/api/me"): {"user.profile_changed", "user.password_changed"},
    ("POST", "/api/tokens"): {"token.created"},
    ("DELETE", "/api/tokens/{token_id}"): {"token.deleted"},
    ("POST", "/api/workspaces"): {"workspace.created"},
    ("PATCH", OF_WORKSPACE): {"workspace.renamed"},
    ("POST", f"{OF_WORKSPACE}/invitations"): {"invitation.created", "invitation.withdrawn"},
    ("DELETE", f"{OF_WORKSPACE}/invitations/{{invitation_id}}"): {"invitation.withdrawn"},
    ("POST", "/api/invitations/{token}/accept"): {"invitation.accepted", "member.added"},
    ("PATCH", f"{OF_WORKSPACE}/members/{{user_id}}"): {"member.role_changed", "invitation.withdrawn"},
    ("DELETE", f"{OF_WORKSPACE}/members/{{user_id}}"): {"member.removed", "member.left", "invitation.withdrawn"},
    ("PUT", "/api/admin/plans/{plan}"): {"plan.changed"},
    ("PATCH", "/api/admin/users/{user_id}"): {"user.disabled", "user.enabled", "user.operator_changed"},
    ("POST", "/api/admin/users/{user_id}/reset-link"): {"user.reset_link_made"},
    ("PATCH", "/api/admin/workspaces/{workspace_id}"): {"workspace.plan_changed", "credits.granted"},
    ("PATCH", "/api/credits"): {"credits.mode_changed"},
    ("POST", "/api/connections"): {"connection.created"},
    ("POST", "/api/connections/test"): {"connection.tried"},
    ("PATCH", SAVED): {"connection.changed"},
    ("DELETE", SAVED): {"connection.deleted"},
    ("POST", f"{SAVED}/test"): {"connection.tested"},
    ("POST", f"{SAVED}/rotate"): {"connection.rotated"},
    ("POST", "/api/automations"): {"automation.created"},
    ("PUT", ONE): {"automation.published", "automation.switched"},
    ("PATCH", ONE): {"automation.published", "automation.switched"},
    ("DELETE", ONE): {"automation.deleted"},
    ("POST", f"{ONE}/restore"): {"automation.restored"},
    ("POST", f"{ONE}/duplicate"): {"automation.created"},
    ("POST", f"{ONE}/publish"): {"automation.published"},
    ("POST", f"{ONE}/rollback"): {"automation.rolled_back"},
    ("POST", f"{ONE}/webhook/rotate"): {"webhook.secret_rotated"},
    ("POST", f"{ONE}/capture"): {"webhook.capture_armed"},
    ("POST", f"{ONE}/steps/{{step}}/test"): {"step.tried"},
    ("POST", f"{OF_RUN}/cancel"): {"run.cancelled"},
    ("POST", f"{OF_RUN}/replay"): {"run.replayed"},
    ("POST", "/api/automations/logs/replay"): {"runs.replayed"},
    ("POST", "/api/alerts/{alert_id}/resolve"): {"alert.resolved"},
    ("POST", f"{ASKED}/approve"): {"approval.approve"},
    ("POST", f"{ASKED}/reject"): {"approval.reject"},
    ("POST", f"{ASKED}/answer"): {"approval.done", "approval.repeat", "approval.cancel"},
    ("POST", f"{ASKED}/link"): {"approval.link_created"},
    ("POST", "/api/agents/runs/{run_id}/approve"): {"approval.approve"},
    ("POST", "/api/agents/runs/{run_id}/reject"): {"approval.reject"},
    ("POST", "/api/approvals/by-token/{token}"): ANSWERED,
    ("POST", "/api/files"): {"file.uploaded"},
    ("DELETE", "/api/files/{file_id}"): {"file.deleted"},
    ("POST", "/api/agents"): {"agent.created"},
    ("PATCH", "/api/agents/{agent}"): {"agent.changed"},
    ("POST", "/api/agents/from-template"): {"template.deployed"},
    ("DELETE", "/api/agents/{agent}"): {"agent.deleted"},
    ("PUT", "/api/agents/{agent}/avatar"): {"agent.picture_changed"},
    ("POST", "/api/agents/run/automation"): {"automation.created"},
    ("POST", "/api/channels"): {"channel.created"},
    ("PATCH", ROOM): {"channel.changed"},
    ("DELETE", ROOM): {"channel.archived"},
    ("POST", f"{ROOM}/members"): {"channel.member_added"},
    ("DELETE", f"{ROOM}/members/{{member_id}}"): {"channel.member_removed"},
    ("PUT", "/api/approvals/chat"): {"approval_chat.chosen"},
    ("DELETE", "/api/approvals/chat"): {"approval_chat.cleared"},
    ("POST", "/api/inbound/slack/{connection_id}/interactive"): ANSWERED,
}

NOT_NOTED: Final[dict[Operation, str]] = {
    ("POST", "/api/webhooks/{webhook_id}"): "each arrival is a row of deliveries, refused ones too",
    ("POST", "/api/events"): "each event is a row of its own, with the runs it started",
    ("POST", f"{ONE}/run"): "a run says who started it, and runs are the busiest thing there is",
    ("POST", "/api/deliveries/{delivery_id}/redeliver"): "the new delivery names the former one and who asked",
    ("POST", "/api/agents/webhook/{agent_id}"): "each arrival is a row of deliveries, refused ones too",
    ("POST", "/api/agents/{agent}/run"): "a run says who started it, and runs are the busiest thing there is",
    ("POST", "/api/agents/{agent}/execute"): "the same",
    ("POST", "/api/agents/run/{agent_name}"): "the same",
    ("POST", "/api/inbound/slack/{connection_id}"): "each message is a row of its own, with the runs it started",
    ("POST", "/api/inbound/rocketchat/{connection_id}"): "the same",
    ("POST", f"{ROOM}/messages"): "each message is a row of its own, with who wrote it",
    ("PATCH", f"{ROOM}/messages/{{message_id}}"): "one's own, and the row says when",
    ("DELETE", f"{ROOM}/messages/{{message_id}}"): "the row stays, and says when",
    ("POST", f"{ROOM}/read"): "a reader's own mark",
    ("POST", "/mcp"): "its tools are the operations above, which note what they do",
    ("POST", f"{ONE}/validate"): "changes nothing",
    ("POST", "/api/schedules/preview"): "changes nothing",
    ("POST", "/api/templates/preview"): "changes nothing",
    ("POST", "/api/notifications/read"): "a reader's own mark",
    ("POST", "/api/notifications/{notification_id}/read"): "a reader's own mark",
}

# What leaves rows without an operation of the published API.
ELSEWHERE: Final = {
    "user.identity_linked": "sign-in with OpenID Connect",
    "user.added": "vutler users",
    "user.disabled": "vutler users",
    "user.enabled": "vutler users",
    "user.operator_changed": "vutler users",
    "user.reset_link_made": "vutler users",
    "secrets.rotation_started": "vutler secrets",
    "secrets.rotated": "vutler secrets",
}
