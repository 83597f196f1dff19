//! What a decorator of `ServerHandler` hands on to the handler inside as it is.
//!
//! The trait's methods all have defaults: one that is not handed on is switched off in silence. So one list makes the
//! methods and their names, and a test compares the names with rmcp's own source.

/// Gives the list of the methods that are handed on to a macro.
macro_rules! delegated {
    ($give_to:ident) => {
        $give_to! {
            later ping(context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
            later initialize(request: InitializeRequestParams, context: RequestContext<RoleServer>) -> Result<InitializeResult, ErrorData>;
            now negotiate_initialize(request: &InitializeRequestParams) -> Result<InitializeResult, ErrorData>;
            now supported_protocol_versions() -> Cow<'static, [ProtocolVersion]>;
            later discover(context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData>;
            later complete(request: CompleteRequestParams, context: RequestContext<RoleServer>) -> Result<CompleteResult, ErrorData>;
            later set_level(request: SetLevelRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
            later get_prompt(request: GetPromptRequestParams, context: RequestContext<RoleServer>) -> Result<GetPromptResponse, ErrorData>;
            later list_prompts(request: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListPromptsResult, ErrorData>;
            later list_resources(request: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListResourcesResult, ErrorData>;
            later list_resource_templates(request: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListResourceTemplatesResult, ErrorData>;
            later read_resource(request: ReadResourceRequestParams, context: RequestContext<RoleServer>) -> Result<ReadResourceResponse, ErrorData>;
            now accepted_subscription_filter(requested: &SubscriptionFilter) -> Option<SubscriptionFilter>;
            later listen(context: SubscriptionContext) -> Result<(), ErrorData>;
            later subscribe(request: SubscribeRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
            later unsubscribe(request: UnsubscribeRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
            later list_tools(request: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListToolsResult, ErrorData>;
            now get_tool(name: &str) -> Option<Tool>;
            later on_custom_request(request: CustomRequest, context: RequestContext<RoleServer>) -> Result<CustomResult, ErrorData>;
            later on_progress(notification: ProgressNotificationParam, context: NotificationContext<RoleServer>) -> ();
            later on_initialized(context: NotificationContext<RoleServer>) -> ();
            later on_roots_list_changed(context: NotificationContext<RoleServer>) -> ();
            later on_custom_notification(notification: CustomNotification, context: NotificationContext<RoleServer>) -> ();
            now get_info() -> ServerConfig;
            later get_task(request: GetTaskParams, context: RequestContext<RoleServer>) -> Result<GetTaskResult, ErrorData>;
            later update_task(request: UpdateTaskParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
            later cancel_task(request: CancelTaskParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
            later list_skills(request: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListSkillsResult, ErrorData>;
            later get_skill(request: GetSkillRequestParams, context: RequestContext<RoleServer>) -> Result<GetSkillResult, ErrorData>;
            later read_resource_directory(request: ReadResourceDirectoryRequestParams, context: RequestContext<RoleServer>) -> Result<ReadResourceDirectoryResult, ErrorData>;
        }
    };
}

/// Writes the methods: `later` for what answers with a future, `now` for what answers at once.
macro_rules! hand_on {
    ($($kind:ident $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        $(hand_on! { @ $kind $name($($argument: $type),*) -> $output })*
    };
    (@ later $name:ident($($argument:ident: $type:ty),*) -> $output:ty) => {
        fn $name(&self, $($argument: $type),*) -> impl Future<Output = $output> + Send + '_ {
            self.handler.$name($($argument),*)
        }
    };
    (@ now $name:ident($($argument:ident: $type:ty),*) -> $output:ty) => {
        fn $name(&self, $($argument: $type),*) -> $output {
            self.handler.$name($($argument),*)
        }
    };
}

pub(super) use {delegated, hand_on};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::Command;

    use serde_json::Value;

    macro_rules! names {
        ($($kind:ident $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
            [$(stringify!($name)),*]
        };
    }

    /// What is looked at on its way, in `layered_handler.rs`.
    const LOOKED_AT: [&str; 2] = ["call_tool", "on_cancelled"];

    fn source_of_rmcp() -> String {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let version = Command::new(&cargo).arg("-vV").output();
        let version = version.expect("cargo can be run").stdout;
        let version = String::from_utf8_lossy(&version);
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        // What other platforms need is not on every machine.
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--locked", "--offline"])
            .args(["--filter-platform", host.expect("cargo says its host")])
            .args(["--all-features", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output()
            .expect("cargo can be run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let packages = metadata["packages"].as_array().expect("packages");
        let rmcp = packages.iter().find(|package| package["name"] == "rmcp");
        let manifest = rmcp.expect("rmcp is a dependency")["manifest_path"].as_str();
        let folder = Path::new(manifest.expect("a path"))
            .parent()
            .expect("a folder");
        std::fs::read_to_string(folder.join("src/handler/server.rs")).expect("rmcp's source")
    }

    /// The names of the functions in the body of the trait, which a macro of rmcp's writes.
    fn methods_of_the_trait(source: &str) -> BTreeSet<&str> {
        let (_, from) = source
            .split_once("macro_rules! server_handler_methods")
            .expect("the macro that writes the trait's methods");
        let (body, _) = from
            .split_once("pub trait ServerHandler")
            .expect("the trait behind it");
        body.lines()
            .filter_map(|line| line.trim_start().strip_prefix("fn "))
            .filter_map(|line| line.split(['(', '<']).next())
            .collect()
    }

    #[test]
    fn every_method_of_rmcps_trait_is_handed_on_or_looked_at() {
        let source = source_of_rmcp();
        let listed = delegated!(names);
        let ours: BTreeSet<&str> = listed.into_iter().chain(LOOKED_AT).collect();
        assert_eq!(ours.len(), listed.len() + LOOKED_AT.len());
        assert_eq!(methods_of_the_trait(&source), ours);
    }
}
