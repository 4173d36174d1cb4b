// Made by `make schema`, from the OpenAPI schema 1e9a326cc9b8f8806f7e0c7cbdf213642c126ed48e38114da656dc3edeefe571.
export interface paths {
    "/api/admin/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["plans_api_admin_plans_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/plans/{plan}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["put_plan_api_admin_plans__plan__put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["users_api_admin_users_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_user_api_admin_users__user_id__patch"];
        trace?: never;
    };
    "/api/admin/users/{user_id}/reset-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["reset_link_api_admin_users__user_id__reset_link_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/workspaces/{workspace_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_workspace_api_admin_workspaces__workspace_id__patch"];
        trace?: never;
    };
    "/api/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["agents_api_agents_get"];
        put?: never;
        post: operations["create_api_agents_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/from-template": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["deploy_api_agents_from_template_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/run/automation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @deprecated */
        post: operations["make_api_agents_run_automation_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/run/automation-list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @deprecated */
        get: operations["listing_api_agents_run_automation_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/run/{agent_name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["execute_by_name_api_agents_run__agent_name__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["one_api_agents_runs__run_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/runs/{run_id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["approve_api_agents_runs__run_id__approve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/runs/{run_id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["lines_api_agents_runs__run_id__logs_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/runs/{run_id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["reject_api_agents_runs__run_id__reject_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["templates_api_agents_templates_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/templates/{slug}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["template_api_agents_templates__slug__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/webhook/{agent_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["ingest_api_agents_webhook__agent_id__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{agent}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["agent_api_agents__agent__get"];
        put?: never;
        post?: never;
        delete: operations["delete_api_agents__agent__delete"];
        options?: never;
        head?: never;
        patch: operations["change_api_agents__agent__patch"];
        trace?: never;
    };
    "/api/agents/{agent}/avatar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["avatar_api_agents__agent__avatar_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{agent}/execute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["execute_api_agents__agent__execute_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{agent}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["run_now_api_agents__agent__run_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{agent}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["runs_api_agents__agent__runs_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{agent}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["status_api_agents__agent__status_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{agent}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["usage_api_agents__agent__usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["alerts_api_alerts_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts/{alert_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["alert_api_alerts__alert_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts/{alert_id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["resolve_api_alerts__alert_id__resolve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["approvals_api_approvals_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/by-token/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["by_token_api_approvals_by_token__token__get"];
        put?: never;
        post: operations["answer_by_token_api_approvals_by_token__token__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/chat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["approval_chat_api_approvals_chat_get"];
        put: operations["choose_approval_chat_api_approvals_chat_put"];
        post?: never;
        delete: operations["clear_approval_chat_api_approvals_chat_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{approval_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["approval_api_approvals__approval_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{approval_id}/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["answer_api_approvals__approval_id__answer_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{approval_id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["approve_api_approvals__approval_id__approve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{approval_id}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["link_api_approvals__approval_id__link_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{approval_id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["reject_api_approvals__approval_id__reject_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["audit_api_audit_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/email/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["send_api_auth_email_send_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/email/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["verify_api_auth_email_verify_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["login_api_auth_login_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["logout_api_auth_logout_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["options_api_auth_options_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password/forgot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["forgot_api_auth_password_forgot_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["reset_api_auth_password_reset_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["refresh_api_auth_refresh_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["register_api_auth_register_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listing_api_automations_get"];
        put?: never;
        post: operations["create_api_automations_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["runs_api_automations_logs_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["replay_many_api_automations_logs_replay_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["run_api_automations_logs__log_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["cancel_api_automations_logs__log_id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/definition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["definition_api_automations_logs__log_id__definition_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/lines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["lines_api_automations_logs__log_id__lines_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["replay_api_automations_logs__log_id__replay_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["items_api_automations_logs__log_id__steps_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/steps/{step_run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["step_api_automations_logs__log_id__steps__step_run_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/logs/{log_id}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["stream_api_automations_logs__log_id__stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_api_automations__automation_id__get"];
        put: operations["replace_api_automations__automation_id__put"];
        post?: never;
        delete: operations["delete_api_automations__automation_id__delete"];
        options?: never;
        head?: never;
        patch: operations["patch_api_automations__automation_id__patch"];
        trace?: never;
    };
    "/api/automations/{automation_id}/capture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["captured_api_automations__automation_id__capture_get"];
        put?: never;
        post: operations["arm_api_automations__automation_id__capture_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/duplicate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["duplicate_api_automations__automation_id__duplicate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["runs_of_api_automations__automation_id__logs_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["publish_api_automations__automation_id__publish_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["restore_api_automations__automation_id__restore_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["rollback_api_automations__automation_id__rollback_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["run_api_automations__automation_id__run_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/schedule/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["history_api_automations__automation_id__schedule_history_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/schedule/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["of_automation_api_automations__automation_id__schedule_preview_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/steps/{step}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["try_step_api_automations__automation_id__steps__step__test_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["validate_api_automations__automation_id__validate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["versions_api_automations__automation_id__versions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/versions/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["version_api_automations__automation_id__versions__number__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/versions/{number}/differences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["differences_api_automations__automation_id__versions__number__differences_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["webhook_api_automations__automation_id__webhook_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/automations/{automation_id}/webhook/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["rotate_api_automations__automation_id__webhook_rotate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/blobs/{blob_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["blob_api_blobs__blob_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/catalog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["catalog_api_catalog_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/catalog/definition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["definition_api_catalog_definition_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["channels_api_channels_get"];
        put?: never;
        post: operations["create_api_channels_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels/{channel_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["channel_api_channels__channel_id__get"];
        put?: never;
        post?: never;
        delete: operations["archive_api_channels__channel_id__delete"];
        options?: never;
        head?: never;
        patch: operations["change_api_channels__channel_id__patch"];
        trace?: never;
    };
    "/api/channels/{channel_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["members_api_channels__channel_id__members_get"];
        put?: never;
        post: operations["add_member_api_channels__channel_id__members_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels/{channel_id}/members/{member_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["remove_member_api_channels__channel_id__members__member_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels/{channel_id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["messages_api_channels__channel_id__messages_get"];
        put?: never;
        post: operations["post_api_channels__channel_id__messages_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels/{channel_id}/messages/{message_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["delete_api_channels__channel_id__messages__message_id__delete"];
        options?: never;
        head?: never;
        patch: operations["edit_api_channels__channel_id__messages__message_id__patch"];
        trace?: never;
    };
    "/api/channels/{channel_id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_api_channels__channel_id__read_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["connections_api_connections_get"];
        put?: never;
        post: operations["create_api_connections_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["try_unsaved_api_connections_test_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["counts_api_connections_usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["connection_api_connections__connection_id__get"];
        put?: never;
        post?: never;
        delete: operations["delete_api_connections__connection_id__delete"];
        options?: never;
        head?: never;
        patch: operations["change_api_connections__connection_id__patch"];
        trace?: never;
    };
    "/api/connections/{connection_id}/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["rooms_api_connections__connection_id__channels_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["models_api_connections__connection_id__models_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["rotate_api_connections__connection_id__rotate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["try_out_api_connections__connection_id__test_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/tools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["tools_api_connections__connection_id__tools_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["usage_api_connections__connection_id__usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/credits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["credits_api_credits_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_api_credits_patch"];
        trace?: never;
    };
    "/api/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["deliveries_api_deliveries_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deliveries/{delivery_id}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["redeliver_api_deliveries__delivery_id__redeliver_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["emit_api_events_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["stream_api_events_stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["files_api_files_get"];
        put?: never;
        post: operations["upload_api_files_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{file_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["about_api_files__file_id__get"];
        put?: never;
        post?: never;
        delete: operations["delete_api_files__file_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{file_id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["content_api_files__file_id__content_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["health_api_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inbound/rocketchat/{connection_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["rocketchat_message_api_inbound_rocketchat__connection_id__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inbound/slack/{connection_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["slack_events_api_inbound_slack__connection_id__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inbound/slack/{connection_id}/interactive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["slack_interactive_api_inbound_slack__connection_id__interactive_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["offer_api_invitations__token__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/{token}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["accept_api_invitations__token__accept_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["me_api_me_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_me_api_me_patch"];
        trace?: never;
    };
    "/api/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["search_api_messages_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["notifications_api_notifications_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_all_api_notifications_read_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{notification_id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_api_notifications__notification_id__read_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["of_config_api_schedules_preview_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/templates/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["preview_api_templates_preview_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listed_api_tokens_get"];
        put?: never;
        post: operations["create_api_tokens_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["delete_api_tokens__token_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["usage_api_usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["ingest_api_webhooks__webhook_id__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workspaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listed_api_workspaces_get"];
        put?: never;
        post: operations["create_api_workspaces_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workspaces/{workspace_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["rename_api_workspaces__workspace_id__patch"];
        trace?: never;
    };
    "/api/workspaces/{workspace_id}/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["invitations_api_workspaces__workspace_id__invitations_get"];
        put?: never;
        post: operations["invite_api_workspaces__workspace_id__invitations_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workspaces/{workspace_id}/invitations/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["revoke_api_workspaces__workspace_id__invitations__invitation_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workspaces/{workspace_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["members_api_workspaces__workspace_id__members_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workspaces/{workspace_id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["remove_api_workspaces__workspace_id__members__user_id__delete"];
        options?: never;
        head?: never;
        patch: operations["change_role_api_workspaces__workspace_id__members__user_id__patch"];
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["alive_healthz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["message_mcp_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["ready_readyz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ActionView: {
            /** @enum {string} */
            category: "agents" | "apps" | "data" | "flow";
            connection: string | null;
            contains: string | null;
            credits: number;
            description: string;
            example: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            exits: string[];
            input_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            max_attempts: number;
            name: string;
            output_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            sentence: string;
            timeout_s: number;
            title: string;
        };
        AgainView: {
            action_type: string;
            /** @enum {string} */
            effect: "pure" | "idempotent" | "unsafe";
            step_id: string;
        };
        AgentBody: {
            actions?: components["schemas"]["JsonValue"][] | null;
            avatar?: string | null;
            channels?: string[] | null;
            description?: string | null;
            email?: components["schemas"]["AgentMail"] | null;
            enabled?: boolean | null;
            instructions?: string | null;
            model?: string | null;
            name: string;
            policy?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            provider?: string | null;
            settings?: components["schemas"]["AgentSettings"] | null;
            slug?: string | null;
            tools?: components["schemas"]["GivenTool"][] | null;
            trigger_config?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            trigger_type?: string | null;
        };
        AgentDayView: {
            calls: number;
            cost_usd: number;
            /** Format: date */
            day: string;
            failed: number;
            tokens_in: number;
            tokens_out: number;
        };
        AgentLine: {
            automation_id: string | null;
            avatar: string | null;
            channels: string[];
            description: string;
            enabled: boolean;
            /** Format: uuid */
            id: string;
            last_run: components["schemas"]["LastRunView"] | null;
            model: string | null;
            name: string;
            reason: string | null;
            reason_code: string | null;
            slug: string;
            /** @enum {string} */
            status: "online" | "processing" | "offline";
            trigger_type: string | null;
        };
        AgentMail: {
            account?: string | null;
            from?: string | null;
            inbox?: string | null;
        };
        AgentPatch: {
            actions?: components["schemas"]["JsonValue"][] | null;
            avatar?: string | null;
            channels?: string[] | null;
            description?: string | null;
            email?: components["schemas"]["AgentMail"] | null;
            enabled?: boolean | null;
            instructions?: string | null;
            model?: string | null;
            name?: string | null;
            policy?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            provider?: string | null;
            settings?: components["schemas"]["AgentSettings"] | null;
            slug?: string | null;
            tools?: components["schemas"]["GivenTool"][] | null;
            trigger_config?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            trigger_type?: string | null;
        };
        AgentRunBody: {
            payload?: components["schemas"]["JsonValue"];
        };
        AgentRunView: {
            agent_id: string | null;
            duration_ms: number | null;
            error_message: string | null;
            finished_at: string | null;
            logs_ref: string;
            output_summary: string | null;
            /** Format: uuid */
            run_id: string;
            started_at: string | null;
            /** @enum {string} */
            status: "running" | "success" | "failed" | "cancelled" | "waiting_approval";
            /** Format: date-time */
            triggered_at: string;
            triggered_by: string;
        };
        AgentRunsView: {
            items: components["schemas"]["AgentRunView"][];
            next_cursor: string | null;
        };
        AgentSettings: {
            /** @default false */
            answer_bots: boolean;
            budget?: components["schemas"]["Budget"];
            /** @default 4096 */
            max_tokens: number;
            temperature?: number | null;
            /** @default 60 */
            timeout_s: number;
            /**
             * @default queue
             * @enum {string}
             */
            while_busy: "queue" | "merge" | "interrupt";
        };
        AgentToolView: {
            arguments_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            brings_in: boolean;
            connection: string | null;
            description: string;
            example: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            name: string;
            sends_out: boolean;
            settings_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            title: string;
        };
        AgentUsageView: {
            items: components["schemas"]["AgentDayView"][];
        };
        AgentView: {
            actions: components["schemas"]["JsonValue"][] | null;
            automation_id: string | null;
            avatar: string | null;
            channels: string[];
            /** Format: date-time */
            created_at: string;
            created_by: string | null;
            description: string;
            email: components["schemas"]["AgentMail"] | null;
            enabled: boolean;
            /** Format: uuid */
            id: string;
            instructions: string;
            model: string | null;
            name: string;
            provider: string | null;
            settings: components["schemas"]["AgentSettings"];
            slug: string;
            tools: components["schemas"]["GivenTool"][];
            trigger_config: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            trigger_type: string | null;
            /** Format: date-time */
            updated_at: string;
            updated_by: string | null;
            webhook: components["schemas"]["AgentWebhook"] | null;
        };
        AgentWebhook: {
            id: string;
            secret?: string | null;
            url: string;
        };
        AgentsView: {
            items: components["schemas"]["AgentLine"][];
            next_cursor: string | null;
        };
        AlertView: {
            automation_id: string | null;
            automation_name: string | null;
            count: number;
            /** Format: date-time */
            created_at: string;
            facts: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            /** Format: uuid */
            id: string;
            kind: string;
            /** Format: date-time */
            last_at: string;
            resolved_at: string | null;
            resolved_by: string | null;
            root_id: string | null;
            run_id: string | null;
            /** @enum {string} */
            severity: "warning" | "error";
            text: string;
            title: string;
        };
        AlertsView: {
            items: components["schemas"]["AlertView"][];
            next_cursor: string | null;
        };
        AnswerBody: {
            comment?: string | null;
            /** @enum {string} */
            decision: "approve" | "reject" | "done" | "repeat" | "cancel";
            input?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            output?: components["schemas"]["JsonValue"];
            values?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        ApprovalChatBody: {
            channel: string;
            /** Format: uuid */
            connection_id: string;
        };
        ApprovalChatView: {
            channel?: string | null;
            connection_id?: string | null;
            updated_at?: string | null;
        };
        ApprovalView: {
            action_type: string;
            answer: components["schemas"]["JsonValue"];
            asked: boolean;
            /** Format: uuid */
            automation_id: string;
            automation_name: string;
            comment: string | null;
            /** Format: date-time */
            created_at: string;
            deadline: string | null;
            decided_at: string | null;
            decided_by: string | null;
            decided_by_name: string | null;
            decided_how: ("api" | "link" | "chat" | "deadline") | null;
            form: components["schemas"]["JsonValue"];
            /** Format: uuid */
            id: string;
            input: components["schemas"]["JsonValue"];
            iteration: string;
            /** @enum {string} */
            kind: "approval" | "gate" | "doubt";
            may_answer: boolean;
            message: string;
            message_code: string | null;
            /** @enum {string} */
            on_deadline: "approve" | "reject" | "fail";
            remind_at: string | null;
            /** Format: uuid */
            run_id: string;
            /** @enum {string} */
            state: "pending" | "approved" | "rejected" | "done" | "repeat" | "cancel" | "expired" | "withdrawn";
            step_id: string;
            who: string[];
        };
        ApprovalWhen: {
            when: components["schemas"]["ArgumentTest"][];
        };
        ApprovalsView: {
            items: components["schemas"]["ApprovalView"][];
            next_cursor: string | null;
        };
        ApproveBody: {
            comment?: string | null;
            input?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            values?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        ArgumentTest: {
            argument: string;
            op: components["schemas"]["Operator"];
            value?: components["schemas"]["JsonValue"];
        };
        AuditView: {
            items: components["schemas"]["EntryView"][];
            next_cursor: string | null;
        };
        AuthorView: {
            id: string | null;
            is_bot: boolean;
            /** @enum {string} */
            kind: "user" | "agent" | "outside";
            name: string;
        };
        Budget: {
            day_usd?: number | null;
            /** @default 20 */
            requests: number;
            /** @default 1 */
            run_usd: number | null;
            /** @default 200000 */
            tokens: number | null;
            /** @default 20 */
            tool_calls: number;
        };
        BulkBody: {
            /** @default true */
            dry_run: boolean;
            expected?: number | null;
            filter: components["schemas"]["FilterBody"];
            /** @default start */
            from: string;
            /**
             * @default then
             * @enum {string}
             */
            version: "then" | "live" | "draft";
        };
        BulkPlanView: {
            effects: components["schemas"]["CountedView"][];
            not_replayable: components["schemas"]["NotReplayableView"][];
            run_ids: string[];
            runs: number;
            warnings: string[];
        };
        BulkStartedView: {
            /** Format: uuid */
            replay_id: string;
            runs: number;
            runs_url: string;
        };
        CancelView: {
            /** Format: uuid */
            run_id: string;
            /** @enum {string} */
            status: "cancelled" | "cancelling";
        };
        CaptureView: {
            armed_until: string | null;
            sample: components["schemas"]["SampleView"] | null;
            /** @enum {string} */
            state: "idle" | "armed" | "captured";
        };
        CatalogView: {
            actions: components["schemas"]["ActionView"][];
            connections: components["schemas"]["ConnectionKindView"][];
            tools: components["schemas"]["AgentToolView"][];
            triggers: components["schemas"]["TriggerView"][];
        };
        ChannelBody: {
            connection_id?: string | null;
            external_id?: string | null;
            /** @default true */
            is_open: boolean;
            /**
             * @default room
             * @enum {string}
             */
            kind: "room" | "direct";
            members?: string[];
            name?: string | null;
            /** @default  */
            topic: string;
        };
        ChannelPatch: {
            is_open?: boolean | null;
            name?: string | null;
            topic?: string | null;
        };
        ChannelView: {
            archived: boolean;
            connection_id: string | null;
            /** Format: date-time */
            created_at: string;
            external_id: string | null;
            /** Format: uuid */
            id: string;
            is_open: boolean;
            /** @enum {string} */
            kind: "room" | "direct" | "mail";
            last_message_at: string | null;
            last_read_at: string | null;
            member: boolean;
            name: string;
            topic: string;
            unread: number;
        };
        ChannelsView: {
            items: components["schemas"]["ChannelView"][];
            next_cursor: string | null;
        };
        ClosedView: {
            /** Format: date-time */
            decided_at: string;
            /** @enum {string} */
            state: "pending" | "approved" | "rejected" | "done" | "repeat" | "cancel" | "expired" | "withdrawn";
        };
        ComparisonView: {
            against: number | null;
            differences: components["schemas"]["DifferenceView"][];
            number: number;
        };
        ConnectionBody: {
            allowed_hosts?: string[];
            fields: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            kind: string;
            name: string;
            /**
             * @default editors
             * @enum {string}
             */
            used_by: "editors" | "admins";
        };
        ConnectionKindView: {
            default_hosts: string[];
            description: string;
            example: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            fields_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            name: string;
            purpose: string;
            secrets: string[];
            title: string;
        };
        ConnectionPatch: {
            allowed_hosts?: string[] | null;
            fields?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            name?: string | null;
            used_by?: ("editors" | "admins") | null;
        };
        ConnectionView: {
            allowed_hosts?: string[] | null;
            created_at?: string | null;
            created_by?: string | null;
            fields?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            /** Format: uuid */
            id: string;
            kind: string;
            last_error?: string | null;
            last_failed_at?: string | null;
            last_tested_at?: string | null;
            last_used_at?: string | null;
            listening?: components["schemas"]["ListeningView"] | null;
            name: string;
            secrets?: string[] | null;
            updated_at?: string | null;
            updated_by?: string | null;
            used_by?: ("editors" | "admins") | null;
        };
        ConnectionsView: {
            items: components["schemas"]["ConnectionView"][];
            next_cursor: string | null;
        };
        CountedView: {
            action_type: string;
            /** Format: uuid */
            automation_id: string;
            count: number;
            /** @enum {string} */
            effect: "pure" | "idempotent" | "unsafe";
            step_id: string;
        };
        CountsView: {
            items: components["schemas"]["api__connections__CountView"][];
        };
        CreditsBody: {
            /** @enum {string} */
            when_exhausted: "reject" | "queue";
        };
        CreditsView: {
            balance: number;
            granted: number;
            items: components["schemas"]["TransferView"][];
            /** Format: date */
            month: string;
            next_cursor: string | null;
            /** Format: date */
            next_month: string;
            plan: components["schemas"]["api__credits__PlanView"];
            reserved: number;
            runs_in_month: number;
            runs_waiting: number;
            spent: number;
            /** @enum {string} */
            when_exhausted: "reject" | "queue";
        };
        DeliveriesView: {
            items: components["schemas"]["DeliveryView"][];
            next_cursor: string | null;
        };
        DeliveryView: {
            /** Format: uuid */
            automation_id: string;
            content_type: string | null;
            dedupe_key: string | null;
            detail: string | null;
            has_body: boolean;
            headers: components["schemas"]["JsonValue"];
            http_status: number;
            /** Format: uuid */
            id: string;
            query: components["schemas"]["JsonValue"];
            reason: string | null;
            /** Format: date-time */
            received_at: string;
            redelivery_of: string | null;
            remote: string | null;
            run_id: string | null;
            size: number;
            /** Format: uuid */
            trigger_id: string;
            /** @enum {string} */
            verdict: "accepted" | "duplicate" | "filtered" | "refused" | "captured" | "confirmed";
        };
        DeployedAutomation: {
            actions: components["schemas"]["JsonValue"][];
            agent_id: string | null;
            enabled: boolean;
            /** Format: uuid */
            id: string;
            live_version: number | null;
            name: string;
            trigger_config: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            trigger_type: string;
            webhook: components["schemas"]["HookView"] | null;
        };
        DeployedView: {
            agent: components["schemas"]["AgentView"];
            agents: components["schemas"]["AgentView"][];
            automations: components["schemas"]["DeployedAutomation"][];
            missing: components["schemas"]["MissingView"][];
            template_slug: string;
            template_version: number;
        };
        DetailView: {
            actions: components["schemas"]["JsonValue"][];
            /** Format: date-time */
            created_at: string;
            created_by: string | null;
            deleted_at: string | null;
            description: string | null;
            draft_changed: boolean;
            enabled: boolean;
            etag: string;
            findings: components["schemas"]["FindingView"][];
            /** Format: uuid */
            id: string;
            last_run_at: string | null;
            last_run_id: string | null;
            last_run_status: string | null;
            layout: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            live_version: number | null;
            name: string;
            next_run_at: string | null;
            paused: components["schemas"]["PausedView"] | null;
            policy: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            revision: number;
            run_count: number;
            schedules: components["schemas"]["api__automation_views__ScheduleView"][];
            sentence: string;
            /** @enum {string} */
            status: "draft" | "active" | "inactive" | "deleted";
            step_sentences: {
                [key: string]: string;
            };
            switched_at: string | null;
            switched_by: string | null;
            trigger_config: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            trigger_type: string | null;
            /** Format: date-time */
            updated_at: string;
            updated_by: string | null;
            webhook: components["schemas"]["NewWebhookView"] | components["schemas"]["WebhookView"] | null;
        };
        DifferenceView: {
            after: components["schemas"]["JsonValue"];
            before: components["schemas"]["JsonValue"];
            fields: components["schemas"]["FieldView"][];
            kind: components["schemas"]["Kind"];
            loop: string | null;
            quiet: boolean;
            step: string | null;
        };
        /** @enum {string} */
        Effect: "pure" | "idempotent" | "unsafe";
        EmittedView: {
            /** Format: uuid */
            event_id: string;
            runs: components["schemas"]["StartedRun"][];
        };
        EntryView: {
            action: string;
            actor: string | null;
            after: components["schemas"]["JsonValue"];
            /** Format: date-time */
            at: string;
            before: components["schemas"]["JsonValue"];
            /** Format: uuid */
            id: string;
            object_id: string | null;
            object_type: string;
            remote: string | null;
            request_id: string | null;
            token_id: string | null;
            user_id: string | null;
        };
        EventBody: {
            agent?: string | null;
            content?: string | null;
            data?: components["schemas"]["JsonValue"];
            /** @enum {string} */
            type: "agent.task.completed" | "agent.message.received" | "agent.error";
        };
        ExecuteBody: {
            context?: components["schemas"]["JsonValue"];
            conversation?: string | null;
            output_schema?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            prompt: string;
            /** @default false */
            stream: boolean;
        };
        ExecutedView: {
            agent: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            cost_usd: number | null;
            model: string | null;
            output: components["schemas"]["JsonValue"];
            /** Format: uuid */
            run_id: string;
            status: string;
            usage: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        Fault: {
            at: string;
            message: string;
        };
        FieldView: {
            after: components["schemas"]["JsonValue"];
            before: components["schemas"]["JsonValue"];
            /** @enum {string} */
            change: "added" | "removed" | "changed";
            path: string;
        };
        FileView: {
            /** Format: date-time */
            created_at: string;
            created_by: string | null;
            /** Format: uuid */
            id: string;
            media_type: string;
            name: string;
            said_type: string | null;
            sha256: string;
            size: number;
        };
        FilesView: {
            items: components["schemas"]["FileView"][];
            next_cursor: string | null;
        };
        FilterBody: {
            automation_id?: string | null;
            from?: string | null;
            ids?: string[] | null;
            q?: string | null;
            status?: ("queued" | "running" | "waiting" | "success" | "failed" | "cancelled" | "skipped") | null;
            to?: string | null;
            trigger_type?: string | null;
        };
        FindingView: {
            at: string;
            message: string;
            /** @enum {string} */
            severity: "error" | "warning";
        };
        FireView: {
            /** Format: date-time */
            due_at: string;
            reason: string | null;
            run_id: string | null;
            schedule: number | null;
            /** Format: uuid */
            schedule_id: string;
            /** @enum {string} */
            state: "planned" | "fired" | "skipped";
        };
        FiresView: {
            items: components["schemas"]["FireView"][];
            next_cursor: string | null;
        };
        ForgotBody: {
            email: string;
        };
        FromTemplateBody: {
            overrides?: components["schemas"]["OverridesBody"];
            template_slug: string;
        };
        GivenTool: {
            /** @default never */
            approval: ("never" | "always") | components["schemas"]["ApprovalWhen"];
            settings?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            tool: string;
        };
        Grant: {
            credits: number;
            note?: string | null;
        };
        HealthView: {
            database: {
                [key: string]: string | number | boolean;
            };
            /** @enum {string} */
            prefect: "ready" | "coming" | "away";
            queue: {
                [key: string]: number;
            };
            scheduler_lag_s: number;
            version: string;
            workers: components["schemas"]["WorkerView"][];
        };
        HookView: {
            id: string;
            secret: string | null;
            url: string;
        };
        InvitationBody: {
            email: string;
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
        };
        InvitationView: {
            /** Format: date-time */
            created_at: string;
            email: string;
            /** Format: date-time */
            expires_at: string;
            /** Format: uuid */
            id: string;
            invited_by: string | null;
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
        };
        InvitationsView: {
            items: components["schemas"]["InvitationView"][];
            next_cursor?: string | null;
        };
        ItemsView: {
            counts: components["schemas"]["api__run_steps__CountView"][];
            items: components["schemas"]["StepRunView"][];
            next_cursor: string | null;
        };
        JoinedView: {
            /** Format: uuid */
            workspace_id: string;
        };
        JsonValue: unknown;
        /** @enum {string} */
        Kind: "step_added" | "step_removed" | "step_renamed" | "step_moved" | "step_changed" | "trigger_changed" | "policy_changed" | "name_changed" | "description_changed" | "layout_changed";
        LastRunView: {
            /** Format: date-time */
            at: string;
            id: string | null;
            status: string | null;
        };
        LineView: {
            /** Format: date-time */
            at: string;
            level: string;
            seq: number;
            step_id: string | null;
            text: string;
        };
        LinesView: {
            items: components["schemas"]["LineView"][];
            next_cursor: string | null;
        };
        LinkBody: {
            for: string;
        };
        LinkedView: {
            action_type: string;
            automation_name: string;
            /** Format: date-time */
            created_at: string;
            deadline: string | null;
            /** Format: date-time */
            expires_at: string;
            form: components["schemas"]["JsonValue"];
            input: components["schemas"]["JsonValue"];
            /** @enum {string} */
            kind: "approval" | "gate" | "doubt";
            message: string;
            message_code: string | null;
            /** @enum {string} */
            on_deadline: "approve" | "reject" | "fail";
            recipient: string;
            /** @enum {string} */
            state: "pending" | "approved" | "rejected" | "done" | "repeat" | "cancel" | "expired" | "withdrawn";
            step_id: string;
        };
        ListView: {
            items: components["schemas"]["SummaryView"][];
            next_cursor: string | null;
        };
        ListeningView: {
            account: string | null;
            error: string | null;
            /** Format: date-time */
            since: string;
            /** @enum {string} */
            state: "stopped" | "starting" | "listening" | "waiting" | "refused";
        };
        LoginBody: {
            email: string;
            invitation?: string | null;
            password: string;
        };
        MadeInvitationView: {
            /** Format: date-time */
            created_at: string;
            email: string;
            /** Format: date-time */
            expires_at: string;
            /** Format: uuid */
            id: string;
            invited_by: string | null;
            link: string;
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
        };
        MadeTokenView: {
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            /** Format: uuid */
            id: string;
            last_four: string;
            last_used_at: string | null;
            name: string;
            scopes: ("read" | "write" | "run" | "events" | "approve" | "admin")[];
            token: string;
        };
        MeBody: {
            current_password?: string | null;
            locale?: ("en" | "fr") | null;
            mail_notifications?: ("approvals" | "all" | "none") | null;
            name?: string | null;
            onboarded?: true | null;
            password?: string | null;
            timezone?: string | null;
        };
        MeView: {
            user: components["schemas"]["UserView"];
            workspace: components["schemas"]["WorkspaceView"];
            workspaces: components["schemas"]["WorkspaceView"][];
        };
        MemberBody: {
            /** Format: uuid */
            id: string;
        };
        MessageBody: {
            files?: string[];
            text: string;
            thread_id?: string | null;
        };
        MessagePatch: {
            text: string;
        };
        MessagesView: {
            items: components["schemas"]["api__messages__MessageView"][];
            next_cursor: string | null;
        };
        MissingView: {
            connection: string;
            detail: string;
            kinds: string[];
            purpose: string;
            title: string;
        };
        ModelView: {
            name: string;
            usd_in: number | null;
            usd_out: number | null;
        };
        ModelsView: {
            items: components["schemas"]["ModelView"][];
        };
        NeedView: {
            connections: components["schemas"]["api__agent_template_views__AccountView"][];
            kinds: string[];
            missing: boolean;
            name: string;
            optional: boolean;
            purpose: string;
            title: string;
            why: string;
        };
        NewWebhookView: {
            id: string;
            secret: string;
            url: string;
        };
        NotReplayableView: {
            code: string;
            reason: string;
            /** Format: uuid */
            run_id: string;
        };
        NotificationView: {
            args: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            kind: string;
            link: string;
            read_at: string | null;
            reminder: boolean;
            /** Format: uuid */
            subject: string;
            text: string;
            title: string;
            what: string | null;
        };
        NotificationsView: {
            items: components["schemas"]["NotificationView"][];
            next_cursor: string | null;
            unread_count: number;
        };
        OfferView: {
            email: string;
            /** Format: date-time */
            expires_at: string;
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
            /** Format: uuid */
            workspace_id: string;
            workspace_name: string;
        };
        OnceBody: {
            actions?: components["schemas"]["JsonValue"][] | null;
            /** @default content-agent */
            agent: string;
            name: string;
            prompt?: string | null;
            /** Format: date-time */
            run_at: string;
        };
        OnceLine: {
            /** Format: uuid */
            id: string;
            name: string;
            run_at: string | null;
            status: string;
        };
        OnceList: {
            items: components["schemas"]["OnceLine"][];
            next_cursor: string | null;
        };
        OnceView: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            run_at: string;
            status: string;
        };
        /** @enum {string} */
        Operator: "equals" | "not_equals" | "greater" | "at_least" | "less" | "at_most" | "contains" | "in" | "exists" | "missing" | "matches";
        OptionsView: {
            first_run: boolean;
            oidc: components["schemas"]["ProviderView"] | null;
            password_reset: boolean;
            /** @enum {string} */
            signup: "open" | "closed";
        };
        OverridesBody: {
            avatar?: string | null;
            channels?: string[] | null;
            connections?: {
                [key: string]: string | null;
            };
            /** @default true */
            enabled: boolean;
            inputs?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            instructions?: string | null;
            model?: string | null;
            name?: string | null;
        };
        PausedView: {
            /** Format: date-time */
            at: string;
            code: string | null;
            reason: string;
        };
        PlanBody: {
            history_days?: number | null;
            max_running?: number | null;
            max_steps?: number | null;
            monthly_credits?: number | null;
            payload_kb?: number | null;
            /** @default true */
            pinned: boolean;
            runs_per_hour?: number | null;
            runs_per_month?: number | null;
            webhooks_per_min?: number | null;
        };
        PlanDetail: {
            history_days?: number | null;
            max_running?: number | null;
            max_steps?: number | null;
            monthly_credits?: number | null;
            name: string;
            payload_kb?: number | null;
            pinned: boolean;
            runs_per_hour?: number | null;
            runs_per_month?: number | null;
            webhooks_per_min?: number | null;
            workspaces: number;
        };
        PlansView: {
            items: components["schemas"]["PlanDetail"][];
            next_cursor?: string | null;
            prices: {
                [key: string]: number;
            };
        };
        PreviewBody: {
            /** @default 10 */
            count: number;
            schedules?: components["schemas"]["JsonValue"][] | null;
            timezone?: string | null;
            trigger_config?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        Problem: {
            code: string;
            /** @default null */
            cost: number | null;
            detail: string;
            /** @default null */
            errors: components["schemas"]["Fault"][] | null;
            /** @default null */
            left: number | null;
            request_id: string;
            status: number;
            title: string;
        };
        ProviderView: {
            label: string;
            start_url: string;
        };
        PublishBody: {
            note?: string | null;
        };
        RanView: {
            definition: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            draft: boolean;
            sentence: string;
            step_sentences: {
                [key: string]: string;
            };
            version: number;
        };
        ReadBody: {
            message_id?: string | null;
        };
        ReadView: {
            read: number;
        };
        ReadyView: {
            /** @enum {string} */
            database: "ready" | "away";
            /** @enum {string} */
            prefect: "ready" | "coming" | "away";
            /** @enum {string} */
            worker: "ready" | "coming" | "unknown";
        };
        RedeliveredView: {
            /** Format: uuid */
            delivery_id: string;
            /** Format: uuid */
            redelivery_of: string;
            run_id: string | null;
            /** @enum {string} */
            status: "accepted" | "filtered";
        };
        RegisterBody: {
            email: string;
            invitation?: string | null;
            locale?: ("en" | "fr") | null;
            name: string;
            password: string;
            workspace_name?: string | null;
        };
        RejectBody: {
            comment?: string | null;
            values?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        ReplayBody: {
            /** @default false */
            dry_run: boolean;
            /** @default start */
            from: string;
            payload?: components["schemas"]["JsonValue"];
            /**
             * @default then
             * @enum {string}
             */
            version: "then" | "live" | "draft";
        };
        ReportView: {
            findings: components["schemas"]["FindingView"][];
            valid: boolean;
        };
        ResetBody: {
            password: string;
            token: string;
        };
        RoleBody: {
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
        };
        RollbackBody: {
            version: number;
        };
        RoomView: {
            direct: boolean;
            id: string;
            is_member: boolean | null;
            name: string;
        };
        RoomsView: {
            items: components["schemas"]["RoomView"][];
        };
        RotatedView: {
            id: string;
            old_until: string | null;
            secret: string | null;
            url: string;
        };
        RunApproveBody: {
            comment?: string | null;
            input?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            iteration?: string | null;
            step_id?: string | null;
            values?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        RunBody: {
            payload?: components["schemas"]["JsonValue"];
        };
        RunDetailView: {
            action_logs: components["schemas"]["StepRunView"][];
            /** Format: uuid */
            automation_id: string;
            automation_name: string;
            completed_at: string | null;
            /** Format: date-time */
            created_at: string;
            credits: number | null;
            delivery_id: string | null;
            depth: number;
            draft: boolean;
            due_at: string | null;
            duration_ms: number | null;
            error: string | null;
            error_code: string | null;
            error_step: string | null;
            /** Format: uuid */
            id: string;
            output: components["schemas"]["JsonValue"];
            parent_id: string | null;
            /** Format: uuid */
            prefect_run_id: string;
            prefect_url: string;
            replay_id: string | null;
            replay_of: string | null;
            /** Format: uuid */
            root_id: string;
            seq: number;
            started_at: string | null;
            /** @enum {string} */
            status: "queued" | "running" | "waiting" | "success" | "failed" | "cancelled" | "skipped";
            trigger_context: components["schemas"]["JsonValue"];
            trigger_data: components["schemas"]["JsonValue"];
            trigger_id: string | null;
            trigger_type: string;
            triggered_by: string | null;
            version: number;
            waiting_for: components["schemas"]["WaitingView"] | null;
        };
        RunRejectBody: {
            comment?: string | null;
            iteration?: string | null;
            step_id?: string | null;
            values?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        RunView: {
            /** Format: uuid */
            automation_id: string;
            automation_name: string;
            completed_at: string | null;
            /** Format: date-time */
            created_at: string;
            credits: number | null;
            draft: boolean;
            due_at: string | null;
            duration_ms: number | null;
            error: string | null;
            error_code: string | null;
            error_step: string | null;
            /** Format: uuid */
            id: string;
            seq: number;
            started_at: string | null;
            /** @enum {string} */
            status: "queued" | "running" | "waiting" | "success" | "failed" | "cancelled" | "skipped";
            trigger_type: string;
            triggered_by: string | null;
            version: number;
            waiting_for: components["schemas"]["WaitingView"] | null;
        };
        RunsView: {
            items: components["schemas"]["RunView"][];
            next_cursor: string | null;
        };
        SampleView: {
            authentic: boolean;
            data: components["schemas"]["JsonValue"];
            /** Format: uuid */
            delivery_id: string;
            headers: components["schemas"]["JsonValue"];
            problem: string | null;
            query: components["schemas"]["JsonValue"];
            /** Format: date-time */
            received_at: string;
            size: number;
        };
        SignedInView: {
            access_token: string;
            expires_in: number;
            /**
             * @default bearer
             * @constant
             */
            token_type: "bearer";
            user: components["schemas"]["UserView"];
            workspace: components["schemas"]["WorkspaceView"];
        };
        StartedRun: {
            /** Format: uuid */
            automation_id: string;
            /** Format: uuid */
            run_id: string;
        };
        StartedView: {
            error?: string | null;
            output?: components["schemas"]["JsonValue"];
            /** Format: uuid */
            run_id: string;
            status?: ("success" | "failed" | "cancelled" | "skipped") | null;
            status_url: string;
        };
        StatusView: {
            /** Format: uuid */
            agent_id: string;
            reason: string | null;
            reason_code: string | null;
            since: string | null;
            /** @enum {string} */
            status: "online" | "processing" | "offline";
        };
        StepRunView: {
            action_index: number;
            action_type: string;
            agent_id: string | null;
            attempt: number;
            attempts: components["schemas"]["JsonValue"];
            completed_at: string | null;
            copied_from: string | null;
            duration_ms: number | null;
            effect: string;
            error: string | null;
            error_code: string | null;
            /** Format: uuid */
            id: string;
            input: components["schemas"]["JsonValue"];
            iteration: string;
            output: components["schemas"]["JsonValue"];
            started_at: string | null;
            /** @enum {string} */
            status: "pending" | "running" | "success" | "failed" | "skipped" | "waiting" | "unknown";
            step_id: string;
        };
        SummaryView: {
            /** Format: date-time */
            created_at: string;
            created_by: string | null;
            deleted_at: string | null;
            description: string | null;
            enabled: boolean;
            /** Format: uuid */
            id: string;
            last_run_at: string | null;
            last_run_id: string | null;
            last_run_status: string | null;
            live_version: number | null;
            name: string;
            next_run_at: string | null;
            paused: components["schemas"]["PausedView"] | null;
            run_count: number;
            /** @enum {string} */
            status: "draft" | "active" | "inactive" | "deleted";
            switched_at: string | null;
            switched_by: string | null;
            trigger_type: string | null;
            /** Format: date-time */
            updated_at: string;
            updated_by: string | null;
        };
        TemplateAgentView: {
            avatar: string;
            channels: string[];
            description: string;
            instructions: string;
            key: string;
            name: string;
            tools: components["schemas"]["JsonValue"][];
        };
        TemplateCard: {
            /** @enum {string} */
            category: "Customer Support" | "Sales" | "Content" | "Dev" | "Custom";
            connections: components["schemas"]["NeedView"][];
            description: string;
            icon: string;
            missing: string[];
            preview: components["schemas"]["api__agent_template_views__PreviewView"][];
            slug: string;
            title: string;
            version: number;
        };
        TemplatePreviewBody: {
            context?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            value: components["schemas"]["JsonValue"];
        };
        TemplatePreviewView: {
            error: string | null;
            error_code: string | null;
            value: components["schemas"]["JsonValue"];
        };
        TemplateView: {
            agents: components["schemas"]["TemplateAgentView"][];
            /** @enum {string} */
            category: "Customer Support" | "Sales" | "Content" | "Dev" | "Custom";
            connections: components["schemas"]["NeedView"][];
            description: string;
            icon: string;
            inputs_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            missing: string[];
            needs: string;
            preview: components["schemas"]["api__agent_template_views__PreviewView"][];
            sample: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            slug: string;
            title: string;
            use_case: string;
            version: number;
        };
        TemplatesView: {
            items: components["schemas"]["TemplateCard"][];
        };
        TestedView: {
            code: string | null;
            message: string;
            ok: boolean;
        };
        TimeView: {
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            local: string;
            mark: ("gap" | "overlap") | null;
            schedule: number;
        };
        TokenBody: {
            expires_at?: string | null;
            name: string;
            scopes: ("read" | "write" | "run" | "events" | "approve" | "admin")[];
        };
        TokenView: {
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            /** Format: uuid */
            id: string;
            last_four: string;
            last_used_at: string | null;
            name: string;
            scopes: ("read" | "write" | "run" | "events" | "approve" | "admin")[];
        };
        TokensView: {
            items: components["schemas"]["TokenView"][];
            next_cursor?: string | null;
        };
        ToolView: {
            description: string;
            name: string;
            only_reads: boolean;
            repeatable: boolean;
            schema: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            title: string;
        };
        ToolsView: {
            items: components["schemas"]["ToolView"][];
            revision: string;
        };
        TransferView: {
            action: string | null;
            amount: number;
            automation_id: string | null;
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            from_account: "granted" | "balance" | "reserved";
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "monthly" | "plan_change" | "grant" | "reserve" | "settle" | "release";
            note: string | null;
            run_id: string | null;
            /** @enum {string} */
            to_account: "balance" | "reserved" | "spent";
        };
        TrialBody: {
            /** @default false */
            confirm: boolean;
            data?: components["schemas"]["JsonValue"];
            headers?: {
                [key: string]: string;
            };
            /** @default 0 */
            index: number;
            item?: components["schemas"]["JsonValue"];
            query?: {
                [key: string]: string;
            };
            steps?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
        };
        TrialView: {
            duration_ms: number;
            effect: components["schemas"]["Effect"] | null;
            error: string | null;
            error_code: string | null;
            lines: string[];
            output: components["schemas"]["JsonValue"];
            rendered: components["schemas"]["JsonValue"];
            sent: boolean;
            waits: string | null;
        };
        TriggerView: {
            aliases: string[];
            config_schema: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            description: string;
            example: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            name: string;
            sentence: string;
            title: string;
        };
        UsageView: {
            items: components["schemas"]["UsedView"][];
            next_cursor?: string | null;
        };
        UseView: {
            /** Format: uuid */
            automation_id: string;
            automation_name: string;
            draft: boolean;
            named: string;
            step: string;
            version: number | null;
        };
        UsedView: {
            credits: number;
            key: string;
            /** @default 0 */
            money: number;
            name: string | null;
            runs: number;
            steps: number;
            /** @default 0 */
            tokens: number;
        };
        UserBody: {
            disabled?: boolean | null;
            is_operator?: boolean | null;
        };
        UserRow: {
            /** Format: date-time */
            created_at: string;
            disabled: boolean;
            email: string;
            email_verified: boolean;
            /** Format: uuid */
            id: string;
            is_operator: boolean;
            name: string;
        };
        UserView: {
            /** Format: date-time */
            created_at: string;
            email: string;
            email_verified_at: string | null;
            /** Format: uuid */
            id: string;
            is_operator: boolean;
            locale: string;
            /** @enum {string} */
            mail_notifications: "approvals" | "all" | "none";
            name: string;
            onboarded_at: string | null;
            timezone: string;
        };
        UsersView: {
            items: components["schemas"]["UserRow"][];
            next_cursor: string | null;
        };
        UsesView: {
            items: components["schemas"]["UseView"][];
        };
        VerifyBody: {
            token: string;
        };
        VersionsView: {
            items: components["schemas"]["api__automation_views__VersionView"][];
            next_cursor: string | null;
        };
        WaitingView: {
            code: string;
            link: string | null;
            reason: string;
            until: string | null;
        } & {
            [key: string]: unknown;
        };
        WebhookStateView: {
            /** @enum {string} */
            auth: "secret" | "hmac";
            id: string;
            made_here: boolean;
            old_until: string | null;
            secret_set_at: string | null;
            style: ("standard" | "github" | "slack" | "stripe") | null;
            url: string;
        };
        WebhookView: {
            id: string;
            url: string;
        };
        WorkerView: {
            concurrency: number;
            host: string;
            owner: string;
            /** Format: date-time */
            seen_at: string;
            slot: string;
            /** Format: date-time */
            started_at: string;
        };
        WorkspaceAccountView: {
            balance: number;
            granted: number;
            /** Format: date */
            month: string;
            /** Format: date */
            next_month: string;
            plan: components["schemas"]["api__credits__PlanView"];
            reserved: number;
            runs_in_month: number;
            runs_waiting: number;
            spent: number;
            /** @enum {string} */
            when_exhausted: "reject" | "queue";
            /** Format: uuid */
            workspace_id: string;
        };
        WorkspaceView: {
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            name: string;
            plan: string;
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
        };
        WorkspacesView: {
            items: components["schemas"]["WorkspaceView"][];
            next_cursor?: string | null;
        };
        api__admin_users__LinkView: {
            url: string;
        };
        api__administration__WorkspaceBody: {
            grant?: components["schemas"]["Grant"] | null;
            plan?: string | null;
        };
        api__agent_template_views__AccountView: {
            /** Format: uuid */
            id: string;
            kind: string;
            name: string;
        };
        api__agent_template_views__PreviewView: {
            actions: components["schemas"]["JsonValue"][];
            description: string;
            name: string;
            step_sentences: {
                [key: string]: string;
            };
            trigger_config: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            trigger_sentence: string | null;
            trigger_type: string;
        };
        api__approval_views__LinkView: {
            /** Format: date-time */
            expires_at: string;
            url: string;
        };
        api__automation_versions__VersionView: {
            /** Format: date-time */
            created_at: string;
            created_by: string | null;
            definition: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            live: boolean;
            note: string | null;
            number: number;
            sentence: string;
        };
        api__automation_views__ScheduleView: {
            cron?: string | null;
            every_s?: number | null;
            next_times: string[];
            run_at?: string | null;
            timezone?: string | null;
        };
        api__automation_views__VersionView: {
            /** Format: date-time */
            created_at: string;
            created_by: string | null;
            live: boolean;
            note: string | null;
            number: number;
        };
        api__automation_webhooks__RotateBody: {
            /** @default 86400 */
            keep_old_s: number;
            secret?: string | null;
        };
        api__channels__MemberView: {
            agent_id: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            name: string;
            user_id: string | null;
        };
        api__channels__MembersView: {
            items: components["schemas"]["api__channels__MemberView"][];
            next_cursor: string | null;
        };
        api__connections__CountView: {
            automations: number;
            /** Format: uuid */
            connection_id: string;
        };
        api__connections__RotateBody: {
            secrets: {
                [key: string]: components["schemas"]["JsonValue"];
            };
        };
        api__credits__AccountView: {
            balance: number;
            granted: number;
            /** Format: date */
            month: string;
            /** Format: date */
            next_month: string;
            plan: components["schemas"]["api__credits__PlanView"];
            reserved: number;
            runs_in_month: number;
            runs_waiting: number;
            spent: number;
            /** @enum {string} */
            when_exhausted: "reject" | "queue";
        };
        api__credits__PlanView: {
            history_days?: number | null;
            max_running?: number | null;
            max_steps?: number | null;
            monthly_credits?: number | null;
            name: string;
            payload_kb?: number | null;
            runs_per_hour?: number | null;
            runs_per_month?: number | null;
            webhooks_per_min?: number | null;
        };
        api__mcp__MessageView: {
            error?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            id: string | number | null;
            jsonrpc: string;
            result?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
        };
        api__messages__MessageView: {
            answered_by: string | null;
            attachments: components["schemas"]["JsonValue"][];
            author: components["schemas"]["AuthorView"];
            /** Format: uuid */
            channel_id: string;
            deleted: boolean;
            edited_at: string | null;
            /** Format: uuid */
            id: string;
            replies: number;
            run_id: string | null;
            /** Format: date-time */
            sent_at: string;
            text: string;
            thread_id: string | null;
        };
        api__replay__PlanView: {
            draft: boolean;
            effects: components["schemas"]["AgainView"][];
            not_run: string[];
            recorded: string[];
            /** Format: uuid */
            run_id: string;
            runs_again: components["schemas"]["AgainView"][];
            starts: string[];
            version: number;
            warnings: string[];
        };
        api__run_steps__CountView: {
            count: number;
            /** @enum {string} */
            status: "pending" | "running" | "success" | "failed" | "skipped" | "waiting" | "unknown";
            step_id: string;
        };
        api__schedules__PreviewView: {
            active: boolean;
            schedules: components["schemas"]["api__schedules__ScheduleView"][];
            times: components["schemas"]["TimeView"][];
        };
        api__schedules__ScheduleView: {
            cron: string | null;
            every_s: number | null;
            run_at: string | null;
            sentence: string;
            timezone: string | null;
        };
        api__workspaces__MemberView: {
            email: string;
            /** Format: date-time */
            joined_at: string;
            name: string;
            /** @enum {string} */
            role: "owner" | "admin" | "editor" | "viewer";
            /** Format: uuid */
            user_id: string;
        };
        api__workspaces__MembersView: {
            items: components["schemas"]["api__workspaces__MemberView"][];
            next_cursor?: string | null;
        };
        api__workspaces__WorkspaceBody: {
            name: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    plans_api_admin_plans_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlansView"];
                };
            };
        };
    };
    put_plan_api_admin_plans__plan__put: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                plan: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlanBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanDetail"];
                };
            };
        };
    };
    users_api_admin_users_get: {
        parameters: {
            query?: {
                search?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsersView"];
                };
            };
        };
    };
    change_user_api_admin_users__user_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRow"];
                };
            };
        };
    };
    reset_link_api_admin_users__user_id__reset_link_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__admin_users__LinkView"];
                };
            };
        };
    };
    change_workspace_api_admin_workspaces__workspace_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                workspace_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["api__administration__WorkspaceBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceAccountView"];
                };
            };
        };
    };
    agents_api_agents_get: {
        parameters: {
            query?: {
                search?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentsView"];
                };
            };
        };
    };
    create_api_agents_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentView"];
                };
            };
        };
    };
    deploy_api_agents_from_template_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FromTemplateBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeployedView"];
                };
            };
        };
    };
    make_api_agents_run_automation_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OnceBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OnceView"];
                };
            };
        };
    };
    listing_api_agents_run_automation_list_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OnceList"];
                };
            };
        };
    };
    execute_by_name_api_agents_run__agent_name__post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                agent_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExecuteBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecutedView"];
                    "text/event-stream": string;
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecutedView"];
                };
            };
        };
    };
    one_api_agents_runs__run_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentRunView"];
                };
            };
        };
    };
    approve_api_agents_runs__run_id__approve_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunApproveBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
        };
    };
    lines_api_agents_runs__run_id__logs_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinesView"];
                };
            };
        };
    };
    reject_api_agents_runs__run_id__reject_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunRejectBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
        };
    };
    templates_api_agents_templates_get: {
        parameters: {
            query?: {
                category?: ("Customer Support" | "Sales" | "Content" | "Dev" | "Custom") | null;
                search?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplatesView"];
                };
            };
        };
    };
    template_api_agents_templates__slug__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateView"];
                };
            };
        };
    };
    ingest_api_agents_webhook__agent_id__post: {
        parameters: {
            query?: {
                secret?: string;
            };
            header?: {
                "X-Webhook-Secret"?: string;
                "Idempotency-Key"?: string;
            };
            path: {
                agent_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": unknown;
                "application/octet-stream": string;
                "application/x-www-form-urlencoded": {
                    [key: string]: unknown;
                };
                "text/plain": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        delivery_id: string;
                        /** Format: uuid */
                        run_id: string | null;
                        /** @enum {string} */
                        status: "accepted" | "duplicate" | "filtered" | "captured";
                    };
                };
            };
        };
    };
    agent_api_agents__agent__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentView"];
                };
            };
        };
    };
    delete_api_agents__agent__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    change_api_agents__agent__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "If-Match"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentPatch"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentView"];
                };
            };
        };
    };
    avatar_api_agents__agent__avatar_put: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentView"];
                };
            };
        };
    };
    execute_api_agents__agent__execute_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExecuteBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecutedView"];
                    "text/event-stream": string;
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecutedView"];
                };
            };
        };
    };
    run_now_api_agents__agent__run_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AgentRunBody"] | null;
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedView"];
                };
            };
        };
    };
    runs_api_agents__agent__runs_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentRunsView"];
                };
            };
        };
    };
    status_api_agents__agent__status_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusView"];
                };
            };
        };
    };
    usage_api_agents__agent__usage_get: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentUsageView"];
                };
            };
        };
    };
    alerts_api_alerts_get: {
        parameters: {
            query?: {
                open?: boolean | null;
                automation_id?: string | null;
                kind?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertsView"];
                };
            };
        };
    };
    alert_api_alerts__alert_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                alert_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertView"];
                };
            };
        };
    };
    resolve_api_alerts__alert_id__resolve_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                alert_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertView"];
                };
            };
        };
    };
    approvals_api_approvals_get: {
        parameters: {
            query?: {
                state?: ("pending" | "approved" | "rejected" | "done" | "repeat" | "cancel" | "expired" | "withdrawn") | null;
                mine?: boolean;
                run_id?: string | null;
                automation_id?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalsView"];
                };
            };
        };
    };
    by_token_api_approvals_by_token__token__get: {
        parameters: {
            query?: never;
            header?: {
                "Accept-Language"?: string | null;
            };
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkedView"];
                };
            };
        };
    };
    answer_by_token_api_approvals_by_token__token__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClosedView"];
                };
            };
        };
    };
    approval_chat_api_approvals_chat_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalChatView"];
                };
            };
        };
    };
    choose_approval_chat_api_approvals_chat_put: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovalChatBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalChatView"];
                };
            };
        };
    };
    clear_approval_chat_api_approvals_chat_delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    approval_api_approvals__approval_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
        };
    };
    answer_api_approvals__approval_id__answer_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
        };
    };
    approve_api_approvals__approval_id__approve_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApproveBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
        };
    };
    link_api_approvals__approval_id__link_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__approval_views__LinkView"];
                };
            };
        };
    };
    reject_api_approvals__approval_id__reject_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RejectBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
        };
    };
    audit_api_audit_get: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
                actor?: string | null;
                action?: string | null;
                object?: string | null;
                installation?: boolean;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditView"];
                };
            };
        };
    };
    send_api_auth_email_send_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    verify_api_auth_email_verify_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerifyBody"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    login_api_auth_login_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInView"];
                };
            };
        };
    };
    logout_api_auth_logout_post: {
        parameters: {
            query?: {
                everywhere?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    options_api_auth_options_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OptionsView"];
                };
            };
        };
    };
    forgot_api_auth_password_forgot_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgotBody"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    reset_api_auth_password_reset_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetBody"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    refresh_api_auth_refresh_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInView"];
                };
            };
        };
    };
    register_api_auth_register_post: {
        parameters: {
            query?: never;
            header?: {
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInView"];
                };
            };
        };
    };
    listing_api_automations_get: {
        parameters: {
            query?: {
                status?: ("draft" | "active" | "inactive" | "deleted") | null;
                search?: string | null;
                trigger_type?: string | null;
                carried?: boolean;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListView"];
                };
            };
        };
    };
    create_api_automations_post: {
        parameters: {
            query?: {
                as_draft?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: {
                        [key: string]: unknown;
                    }[];
                    description?: string | null;
                    /** @default true */
                    enabled?: boolean;
                    layout?: {
                        [key: string]: unknown;
                    };
                    name: string;
                    policy?: {
                        [key: string]: unknown;
                    };
                    trigger_config?: {
                        [key: string]: unknown;
                    };
                    trigger_type: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    runs_api_automations_logs_get: {
        parameters: {
            query?: {
                automation_id?: string | null;
                status?: ("queued" | "running" | "waiting" | "success" | "failed" | "cancelled" | "skipped") | null;
                trigger_type?: string | null;
                from?: string | null;
                to?: string | null;
                q?: string | null;
                replay_of?: string | null;
                replay_id?: string | null;
                root_id?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunsView"];
                };
            };
        };
    };
    replay_many_api_automations_logs_replay_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkPlanView"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkStartedView"];
                };
            };
        };
    };
    run_api_automations_logs__log_id__get: {
        parameters: {
            query?: {
                full?: boolean;
                values?: boolean;
                items?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunDetailView"];
                };
            };
        };
    };
    cancel_api_automations_logs__log_id__cancel_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CancelView"];
                };
            };
        };
    };
    definition_api_automations_logs__log_id__definition_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RanView"];
                };
            };
        };
    };
    lines_api_automations_logs__log_id__lines_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinesView"];
                };
            };
        };
    };
    replay_api_automations_logs__log_id__replay_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReplayBody"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__replay__PlanView"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedView"];
                };
            };
        };
    };
    items_api_automations_logs__log_id__steps_get: {
        parameters: {
            query?: {
                step_id?: string[] | null;
                status?: ("pending" | "running" | "success" | "failed" | "skipped" | "waiting" | "unknown") | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemsView"];
                };
            };
        };
    };
    step_api_automations_logs__log_id__steps__step_run_id__get: {
        parameters: {
            query?: {
                full?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                log_id: string;
                step_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepRunView"];
                };
            };
        };
    };
    stream_api_automations_logs__log_id__stream_get: {
        parameters: {
            query?: {
                values?: boolean;
            };
            header?: {
                "last-event-id"?: string | null;
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                log_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    get_api_automations__automation_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    replace_api_automations__automation_id__put: {
        parameters: {
            query?: {
                as_draft?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "If-Match"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: {
                        [key: string]: unknown;
                    }[];
                    description?: string | null;
                    /** @default true */
                    enabled?: boolean;
                    layout?: {
                        [key: string]: unknown;
                    };
                    name: string;
                    policy?: {
                        [key: string]: unknown;
                    };
                    trigger_config?: {
                        [key: string]: unknown;
                    };
                    trigger_type: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    delete_api_automations__automation_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patch_api_automations__automation_id__patch: {
        parameters: {
            query?: {
                as_draft?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "If-Match"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions?: {
                        [key: string]: unknown;
                    }[];
                    description?: string | null;
                    /** @default true */
                    enabled?: boolean;
                    layout?: {
                        [key: string]: unknown;
                    };
                    name?: string;
                    policy?: {
                        [key: string]: unknown;
                    };
                    trigger_config?: {
                        [key: string]: unknown;
                    };
                    trigger_type?: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    captured_api_automations__automation_id__capture_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaptureView"];
                };
            };
        };
    };
    arm_api_automations__automation_id__capture_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaptureView"];
                };
            };
        };
    };
    duplicate_api_automations__automation_id__duplicate_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    runs_of_api_automations__automation_id__logs_get: {
        parameters: {
            query?: {
                status?: ("queued" | "running" | "waiting" | "success" | "failed" | "cancelled" | "skipped") | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunsView"];
                };
            };
        };
    };
    publish_api_automations__automation_id__publish_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "If-Match"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PublishBody"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    restore_api_automations__automation_id__restore_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    rollback_api_automations__automation_id__rollback_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollbackBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DetailView"];
                };
            };
        };
    };
    run_api_automations__automation_id__run_post: {
        parameters: {
            query?: {
                wait?: number;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RunBody"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedView"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedView"];
                };
            };
        };
    };
    history_api_automations__automation_id__schedule_history_get: {
        parameters: {
            query?: {
                state?: ("planned" | "fired" | "skipped") | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FiresView"];
                };
            };
        };
    };
    of_automation_api_automations__automation_id__schedule_preview_get: {
        parameters: {
            query?: {
                count?: number;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__schedules__PreviewView"];
                };
            };
        };
    };
    try_step_api_automations__automation_id__steps__step__test_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
                step: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TrialBody"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrialView"];
                };
            };
        };
    };
    validate_api_automations__automation_id__validate_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    actions: {
                        [key: string]: unknown;
                    }[];
                    description?: string | null;
                    /** @default true */
                    enabled?: boolean;
                    layout?: {
                        [key: string]: unknown;
                    };
                    name: string;
                    policy?: {
                        [key: string]: unknown;
                    };
                    trigger_config?: {
                        [key: string]: unknown;
                    };
                    trigger_type: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportView"];
                };
            };
        };
    };
    versions_api_automations__automation_id__versions_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionsView"];
                };
            };
        };
    };
    version_api_automations__automation_id__versions__number__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                automation_id: string;
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__automation_versions__VersionView"];
                };
            };
        };
    };
    differences_api_automations__automation_id__versions__number__differences_get: {
        parameters: {
            query?: {
                against?: string;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ComparisonView"];
                };
            };
        };
    };
    webhook_api_automations__automation_id__webhook_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookStateView"];
                };
            };
        };
    };
    rotate_api_automations__automation_id__webhook_rotate_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                automation_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["api__automation_webhooks__RotateBody"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedView"];
                };
            };
        };
    };
    blob_api_blobs__blob_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                blob_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
        };
    };
    catalog_api_catalog_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CatalogView"];
                };
            };
        };
    };
    definition_api_catalog_definition_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: components["schemas"]["JsonValue"];
                    };
                };
            };
        };
    };
    channels_api_channels_get: {
        parameters: {
            query?: {
                archived?: boolean;
                connection_id?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelsView"];
                };
            };
        };
    };
    create_api_channels_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChannelBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelView"];
                };
            };
        };
    };
    channel_api_channels__channel_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelView"];
                };
            };
        };
    };
    archive_api_channels__channel_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    change_api_channels__channel_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChannelPatch"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelView"];
                };
            };
        };
    };
    members_api_channels__channel_id__members_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__channels__MembersView"];
                };
            };
        };
    };
    add_member_api_channels__channel_id__members_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MemberBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__channels__MemberView"];
                };
            };
        };
    };
    remove_member_api_channels__channel_id__members__member_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
                member_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    messages_api_channels__channel_id__messages_get: {
        parameters: {
            query?: {
                thread?: string | null;
                after?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagesView"];
                };
            };
        };
    };
    post_api_channels__channel_id__messages_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MessageBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__messages__MessageView"];
                };
            };
        };
    };
    delete_api_channels__channel_id__messages__message_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
                message_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    edit_api_channels__channel_id__messages__message_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
                message_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MessagePatch"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__messages__MessageView"];
                };
            };
        };
    };
    read_api_channels__channel_id__read_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelView"];
                };
            };
        };
    };
    connections_api_connections_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionsView"];
                };
            };
        };
    };
    create_api_connections_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
        };
    };
    try_unsaved_api_connections_test_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestedView"];
                };
            };
        };
    };
    counts_api_connections_usage_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CountsView"];
                };
            };
        };
    };
    connection_api_connections__connection_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
        };
    };
    delete_api_connections__connection_id__delete: {
        parameters: {
            query?: {
                force?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    change_api_connections__connection_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "If-Match"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionPatch"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
        };
    };
    rooms_api_connections__connection_id__channels_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomsView"];
                };
            };
        };
    };
    models_api_connections__connection_id__models_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelsView"];
                };
            };
        };
    };
    rotate_api_connections__connection_id__rotate_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["api__connections__RotateBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
        };
    };
    try_out_api_connections__connection_id__test_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestedView"];
                };
            };
        };
    };
    tools_api_connections__connection_id__tools_get: {
        parameters: {
            query?: {
                fresh?: boolean;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolsView"];
                };
            };
        };
    };
    usage_api_connections__connection_id__usage_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsesView"];
                };
            };
        };
    };
    credits_api_credits_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreditsView"];
                };
            };
        };
    };
    change_api_credits_patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreditsBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__credits__AccountView"];
                };
            };
        };
    };
    deliveries_api_deliveries_get: {
        parameters: {
            query?: {
                automation_id?: string | null;
                verdict?: ("accepted" | "duplicate" | "filtered" | "refused" | "captured" | "confirmed") | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveriesView"];
                };
            };
        };
    };
    redeliver_api_deliveries__delivery_id__redeliver_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedeliveredView"];
                };
            };
        };
    };
    emit_api_events_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventBody"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmittedView"];
                };
            };
        };
    };
    stream_api_events_stream_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    files_api_files_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FilesView"];
                };
            };
        };
    };
    upload_api_files_post: {
        parameters: {
            query: {
                name: string;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileView"];
                };
            };
        };
    };
    about_api_files__file_id__get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                file_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileView"];
                };
            };
        };
    };
    delete_api_files__file_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                file_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    content_api_files__file_id__content_get: {
        parameters: {
            query?: never;
            header?: {
                "if-none-match"?: string | null;
                "X-Workspace-Id"?: string | null;
            };
            path: {
                file_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/gzip": string;
                    "application/octet-stream": string;
                    "application/pdf": string;
                    "application/zip": string;
                    "image/avif": string;
                    "image/bmp": string;
                    "image/gif": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                    "text/plain": string;
                };
            };
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    health_api_health_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthView"];
                };
            };
        };
    };
    rocketchat_message_api_inbound_rocketchat__connection_id__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    slack_events_api_inbound_slack__connection_id__post: {
        parameters: {
            query?: never;
            header: {
                "X-Slack-Signature": string;
                "X-Slack-Request-Timestamp": string;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    slack_interactive_api_inbound_slack__connection_id__interactive_post: {
        parameters: {
            query?: never;
            header: {
                "X-Slack-Signature": string;
                "X-Slack-Request-Timestamp": string;
            };
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/x-www-form-urlencoded": {
                    payload?: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    offer_api_invitations__token__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferView"];
                };
            };
        };
    };
    accept_api_invitations__token__accept_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinedView"];
                };
            };
        };
    };
    me_api_me_get: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeView"];
                };
            };
        };
    };
    change_me_api_me_patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "If-Match"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MeBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
        };
    };
    search_api_messages_get: {
        parameters: {
            query: {
                q: string;
                channel_id?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagesView"];
                };
            };
        };
    };
    notifications_api_notifications_get: {
        parameters: {
            query?: {
                unread?: boolean | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationsView"];
                };
            };
        };
    };
    read_all_api_notifications_read_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadView"];
                };
            };
        };
    };
    read_api_notifications__notification_id__read_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path: {
                notification_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationView"];
                };
            };
        };
    };
    of_config_api_schedules_preview_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Accept-Language"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__schedules__PreviewView"];
                };
            };
        };
    };
    preview_api_templates_preview_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TemplatePreviewBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplatePreviewView"];
                };
            };
        };
    };
    listed_api_tokens_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokensView"];
                };
            };
        };
    };
    create_api_tokens_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeTokenView"];
                };
            };
        };
    };
    delete_api_tokens__token_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                token_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    usage_api_usage_get: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
                by?: "day" | "automation" | "agent" | "action";
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageView"];
                };
            };
        };
    };
    ingest_api_webhooks__webhook_id__post: {
        parameters: {
            query?: {
                secret?: string;
            };
            header?: {
                "X-Webhook-Secret"?: string;
                "Idempotency-Key"?: string;
            };
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": unknown;
                "application/octet-stream": string;
                "application/x-www-form-urlencoded": {
                    [key: string]: unknown;
                };
                "text/plain": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        delivery_id: string;
                        /** Format: uuid */
                        run_id: string | null;
                        /** @enum {string} */
                        status: "accepted" | "duplicate" | "filtered" | "captured";
                    };
                };
            };
        };
    };
    listed_api_workspaces_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspacesView"];
                };
            };
        };
    };
    create_api_workspaces_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["api__workspaces__WorkspaceBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceView"];
                };
            };
        };
    };
    rename_api_workspaces__workspace_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                workspace_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["api__workspaces__WorkspaceBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceView"];
                };
            };
        };
    };
    invitations_api_workspaces__workspace_id__invitations_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                workspace_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationsView"];
                };
            };
        };
    };
    invite_api_workspaces__workspace_id__invitations_post: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
                "Idempotency-Key"?: string | null;
            };
            path: {
                workspace_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvitationBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeInvitationView"];
                };
            };
        };
    };
    revoke_api_workspaces__workspace_id__invitations__invitation_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                workspace_id: string;
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    members_api_workspaces__workspace_id__members_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                workspace_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__workspaces__MembersView"];
                };
            };
        };
    };
    remove_api_workspaces__workspace_id__members__user_id__delete: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                workspace_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    change_role_api_workspaces__workspace_id__members__user_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "X-Workspace-Id"?: string | null;
            };
            path: {
                workspace_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__workspaces__MemberView"];
                };
            };
        };
    };
    alive_healthz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    message_mcp_post: {
        parameters: {
            query?: never;
            header?: {
                origin?: string | null;
                "MCP-Protocol-Version"?: string | null;
                "X-Workspace-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["api__mcp__MessageView"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ready_readyz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyView"];
                };
            };
        };
    };
}
