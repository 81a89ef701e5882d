//! Attribute names. Generated from `attributes.yaml` by `cargo xtask generate`; do not edit.

/// `sitelog`, or `OTEL_SERVICE_NAME` (string; on resource).
pub const SERVICE_NAME: &str = "service.name";
/// Version of sitelog (string; on resource).
pub const SERVICE_VERSION: &str = "service.version";
/// The run's ULID (string; on resource).
pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";
/// Name of the machine (string; on resource).
pub const HOST_NAME: &str = "host.name";
/// `linux`, `darwin` (string; on resource).
pub const OS_TYPE: &str = "os.type";
/// Tenant, stamped at authentication (string; on resource).
pub const SITELOG_TENANT_ID: &str = "sitelog.tenant.id";
/// Pipeline or workflow (string; on resource).
pub const CICD_PIPELINE_NAME: &str = "cicd.pipeline.name";
/// The pipeline's run (string; on resource).
pub const CICD_PIPELINE_RUN_ID: &str = "cicd.pipeline.run.id";
/// Where a person sees the pipeline's run (string; on resource).
pub const CICD_PIPELINE_RUN_URL_FULL: &str = "cicd.pipeline.run.url.full";
/// The job or step (string; on resource, record, span).
pub const CICD_PIPELINE_TASK_NAME: &str = "cicd.pipeline.task.name";
/// The job's run (string; on resource, span).
pub const CICD_PIPELINE_TASK_RUN_ID: &str = "cicd.pipeline.task.run.id";
/// Where a person sees the job's run (string; on span).
pub const CICD_PIPELINE_TASK_RUN_URL_FULL: &str = "cicd.pipeline.task.run.url.full";
/// `success` `failure` `error` `timeout` `cancellation` `skip` (string; on span).
pub const CICD_PIPELINE_TASK_RUN_RESULT: &str = "cicd.pipeline.task.run.result";
/// The same, when sitelog is the root of the trace (string; on span).
pub const CICD_PIPELINE_RESULT: &str = "cicd.pipeline.result";
/// `github_actions` `gitlab` `buildkite` (string; on resource).
pub const CICD_SYSTEM_NAME: &str = "cicd.system.name";
/// The runner or agent (string; on resource).
pub const CICD_WORKER_ID: &str = "cicd.worker.id";
/// Its name (string; on resource).
pub const CICD_WORKER_NAME: &str = "cicd.worker.name";
/// The repository, credentials stripped (string; on resource).
pub const VCS_REPOSITORY_URL_FULL: &str = "vcs.repository.url.full";
/// Branch or tag (string; on resource).
pub const VCS_REF_HEAD_NAME: &str = "vcs.ref.head.name";
/// Commit (string; on resource).
pub const VCS_REF_HEAD_REVISION: &str = "vcs.ref.head.revision";
/// Target branch of a change (string; on resource).
pub const VCS_REF_BASE_NAME: &str = "vcs.ref.base.name";
/// Pull or merge request (string; on resource).
pub const VCS_CHANGE_ID: &str = "vcs.change.id";
/// Environment deployed to (string; on resource).
pub const DEPLOYMENT_ENVIRONMENT_NAME: &str = "deployment.environment.name";
/// Who (string; on resource, span).
pub const USER_ID: &str = "user.id";
/// How that is known: `flag` `ci` `pulumi` `os` (string; on resource, span).
pub const SITELOG_ACTOR_SOURCE: &str = "sitelog.actor.source";
/// The command and its arguments, sanitized (string array; on span).
pub const PROCESS_COMMAND_ARGS: &str = "process.command_args";
/// Name of the program (string; on span).
pub const PROCESS_EXECUTABLE_NAME: &str = "process.executable.name";
/// The job's process id (int; on span).
pub const PROCESS_PID: &str = "process.pid";
/// Where the job ran (string; on span).
pub const PROCESS_WORKING_DIRECTORY: &str = "process.working_directory";
/// Exit status; 128+n after signal n (int; on record, span).
pub const PROCESS_EXIT_CODE: &str = "process.exit.code";
/// Why it failed: an exit status, a signal's name, `not_found`, `not_executable`, `interrupted`; of an operation also `engine`, `no_stream`, `no_summary`; of a resource `engine`, `diagnostic`, `policy`, `unfinished`; of a request to the gateway the reason in docs/serve.md (string; on record, span).
pub const ERROR_TYPE: &str = "error.type";
/// The signal that ended the job (string; on record, span).
pub const SITELOG_SIGNAL: &str = "sitelog.signal";
/// The run's ULID (string; on resource, span).
pub const SITELOG_RUN_ID: &str = "sitelog.run.id";
/// Line records of the run (int; on span).
pub const SITELOG_LINES: &str = "sitelog.lines";
/// Lines that could not be kept (int; on span, record).
pub const SITELOG_LINES_DROPPED: &str = "sitelog.lines.dropped";
/// `stdout` `stderr` (`stdout` under a PTY) (string; on record).
pub const LOG_IOSTREAM: &str = "log.iostream";
/// Counts over the run's lines of both streams, or over an operation's records; from 0, no gaps (int; on record).
pub const SITELOG_SEQ: &str = "sitelog.seq";
/// `lf` `crlf` `none` (string; on record).
pub const SITELOG_EOL: &str = "sitelog.eol";
/// Part of a line longer than 65 536 bytes (int; on record).
pub const SITELOG_PART: &str = "sitelog.part";
/// Whether the line ends with this part (boolean; on record).
pub const SITELOG_PART_LAST: &str = "sitelog.part.last";
/// The exact bytes of a line that is no valid UTF-8 (bytes; on record).
pub const SITELOG_BYTES: &str = "sitelog.bytes";
/// `environment` `checkout` `hook` `command` `artifact` `wrapper` (string; on record).
pub const SITELOG_PHASE: &str = "sitelog.phase";
/// What was done, as the user names it (string; on resource, record, span).
pub const SITELOG_OPERATION_NAME: &str = "sitelog.operation.name";
/// Pulumi project (string; on resource).
pub const PULUMI_PROJECT: &str = "pulumi.project";
/// Pulumi stack (string; on resource).
pub const PULUMI_STACK: &str = "pulumi.stack";
/// Project, where no tool names one (string; on resource).
pub const SITELOG_PROJECT: &str = "sitelog.project";
/// Stack or workspace, where no tool names one (string; on resource).
pub const SITELOG_STACK: &str = "sitelog.stack";
/// The provisioning operation's ULID (string; on resource, record, span).
pub const SITELOG_OPERATION_ID: &str = "sitelog.operation.id";
/// `succeeded` `failed` `canceled` `interrupted` (string; on record, span).
pub const SITELOG_OPERATION_RESULT: &str = "sitelog.operation.result";
/// `pulumi` `terraform` `tofu` (string; on resource, span).
pub const SITELOG_TOOL: &str = "sitelog.tool";
/// URN or address of a resource (string; on record, span).
pub const SITELOG_RESOURCE_URN: &str = "sitelog.resource.urn";
/// Type token of a resource (string; on record, span).
pub const SITELOG_RESOURCE_TYPE: &str = "sitelog.resource.type";
/// Name of a resource within its type and parent (string; on record, span).
pub const SITELOG_RESOURCE_NAME: &str = "sitelog.resource.name";
/// `create` `update` `delete` `replace` `same` `read` `import` `refresh` (string; on record, span).
pub const SITELOG_RESOURCE_ACTION: &str = "sitelog.resource.action";
/// Keys that changed, never their values (string array; on record).
pub const SITELOG_RESOURCE_DIFF: &str = "sitelog.resource.diff";
/// URN or address of the resource above it (string; on record).
pub const SITELOG_RESOURCE_PARENT: &str = "sitelog.resource.parent";
/// True: only planned, nothing was done (boolean; on record).
pub const SITELOG_RESOURCE_PLANNED: &str = "sitelog.resource.planned";
/// True: it only groups others, and is there as soon as it is registered (boolean; on record).
pub const SITELOG_RESOURCE_COMPONENT: &str = "sitelog.resource.component";
/// Whether the step is one of those that `sitelog.changes.*` counts (boolean; on record).
pub const SITELOG_RESOURCE_COUNTED: &str = "sitelog.resource.counted";
/// True: no event of its own says so; it follows from the others (boolean; on record).
pub const SITELOG_RESOURCE_INFERRED: &str = "sitelog.resource.inferred";
/// The record's ULID, the same over retries (string; on record).
pub const LOG_RECORD_UID: &str = "log.record.uid";
/// When, by the engine's own clock: Unix nanoseconds (int; on record).
pub const SITELOG_ENGINE_TIME: &str = "sitelog.engine.time";
/// The engine's number of the event within its stream (int; on record).
pub const SITELOG_ENGINE_SEQUENCE: &str = "sitelog.engine.sequence";
/// Seconds the operation took, as the engine counts them (int; on record).
pub const SITELOG_ENGINE_DURATION: &str = "sitelog.engine.duration";
/// Version of the engine, where it says it (string; on record).
pub const SITELOG_TOOL_VERSION: &str = "sitelog.tool.version";
/// Names of the configuration entries, never their values (string array; on record).
pub const SITELOG_CONFIG_KEYS: &str = "sitelog.config.keys";
/// How an operation's events came: `grpc` `file` `stdout` `text`; from Pulumi Cloud: `events`, or `history` where only its outcome was asked for (string; on resource).
pub const SITELOG_FEED: &str = "sitelog.feed";
/// Seconds from its first event, or its process' start, to its end (double; on record, span).
pub const SITELOG_OPERATION_DURATION: &str = "sitelog.operation.duration";
/// Resources created, by the engine's summary (int; on record).
pub const SITELOG_CHANGES_CREATE: &str = "sitelog.changes.create";
/// Resources changed in place (int; on record).
pub const SITELOG_CHANGES_UPDATE: &str = "sitelog.changes.update";
/// Resources deleted (int; on record).
pub const SITELOG_CHANGES_DELETE: &str = "sitelog.changes.delete";
/// Resources replaced (int; on record).
pub const SITELOG_CHANGES_REPLACE: &str = "sitelog.changes.replace";
/// Resources left alone (int; on record).
pub const SITELOG_CHANGES_SAME: &str = "sitelog.changes.same";
/// Resources read (int; on record).
pub const SITELOG_CHANGES_READ: &str = "sitelog.changes.read";
/// Resources taken over (int; on record).
pub const SITELOG_CHANGES_IMPORT: &str = "sitelog.changes.import";
/// Resources looked at again (int; on record).
pub const SITELOG_CHANGES_REFRESH: &str = "sitelog.changes.refresh";
/// Resources with which something was done that sitelog has no word for (int; on record).
pub const SITELOG_CHANGES_OTHER: &str = "sitelog.changes.other";
/// True: the engine gave no account; `sitelog.changes.*` are what was seen, the result is the exit status (boolean; on record).
pub const SITELOG_SUMMARY_MISSING: &str = "sitelog.summary.missing";
/// Where the engine's account and its events differ (string array; on record).
pub const SITELOG_SUMMARY_DISAGREEMENT: &str = "sitelog.summary.disagreement";
/// Resources that failed (int; on record).
pub const SITELOG_RESOURCES_FAILED: &str = "sitelog.resources.failed";
/// Resources begun of which no end was told (int; on record).
pub const SITELOG_RESOURCES_UNFINISHED: &str = "sitelog.resources.unfinished";
/// Events that arrived and could be read (int; on record).
pub const SITELOG_EVENTS_RECEIVED: &str = "sitelog.events.received";
/// Events that the engine numbered and that did not arrive (int; on record).
pub const SITELOG_EVENTS_LOST: &str = "sitelog.events.lost";
/// Events that arrived again; recorded once (int; on record).
pub const SITELOG_EVENTS_DUPLICATED: &str = "sitelog.events.duplicated";
/// Events that arrived after a later one (int; on record).
pub const SITELOG_EVENTS_REORDERED: &str = "sitelog.events.reordered";
/// Events that could not be read; on a run's span those of all its operations (int; on record, span).
pub const SITELOG_EVENTS_MALFORMED: &str = "sitelog.events.malformed";
/// Events of a kind that this version does not know (int; on record).
pub const SITELOG_EVENTS_UNKNOWN: &str = "sitelog.events.unknown";
/// Operations of tools that were recorded in the run (int; on span).
pub const SITELOG_OPERATIONS: &str = "sitelog.operations";
/// Audit records and spans that could not be kept (int; on span).
pub const SITELOG_OPERATIONS_RECORDS_DROPPED: &str = "sitelog.operations.records.dropped";
/// Event streams that broke off (int; on span).
pub const SITELOG_STREAMS_BROKEN: &str = "sitelog.streams.broken";
/// Event streams that were still open when the run ended (int; on span).
pub const SITELOG_STREAMS_UNREAD: &str = "sitelog.streams.unread";
/// Event streams that were answered before all of them was durable (int; on span).
pub const SITELOG_STREAMS_ANSWERED_EARLY: &str = "sitelog.streams.answered.early";
/// True: what intercepts tools was taken away while the job ran; some may not be recorded (boolean; on span).
pub const SITELOG_INTERCEPT_LOST: &str = "sitelog.intercept.lost";
/// Event streams the tool opened for the operation (int; on record).
pub const SITELOG_EVENTS_STREAMS: &str = "sitelog.events.streams";
/// The engine's name of an event that this version does not know (string; on record).
pub const SITELOG_EVENT_KIND: &str = "sitelog.event.kind";
/// Its keys, never its values (string array; on record).
pub const SITELOG_EVENT_KEYS: &str = "sitelog.event.keys";
/// True: a passing remark, such as a command's output (boolean; on record).
pub const SITELOG_DIAGNOSTIC_EPHEMERAL: &str = "sitelog.diagnostic.ephemeral";
/// Name of a policy (string; on record).
pub const SITELOG_POLICY_NAME: &str = "sitelog.policy.name";
/// Name of its pack (string; on record).
pub const SITELOG_POLICY_PACK: &str = "sitelog.policy.pack";
/// Version of its pack (string; on record).
pub const SITELOG_POLICY_PACK_VERSION: &str = "sitelog.policy.pack.version";
/// Whether the operation may not go on (boolean; on record).
pub const SITELOG_POLICY_MANDATORY: &str = "sitelog.policy.mandatory";
/// True: the pack changed the resource instead (boolean; on record).
pub const SITELOG_POLICY_REMEDIATION: &str = "sitelog.policy.remediation";
/// Signals that sitelog passed on to the tool during the operation (string array; on record).
pub const SITELOG_SIGNALS_FORWARDED: &str = "sitelog.signals.forwarded";
/// Whose request the gateway took or refused (string; on span).
pub const SITELOG_REQUEST_TENANT: &str = "sitelog.request.tenant";
/// What it carried: `logs` `traces` `metrics` (string; on span).
pub const SITELOG_REQUEST_SIGNAL: &str = "sitelog.request.signal";
/// `grpc` `http/protobuf` `http/json` (string; on span).
pub const SITELOG_REQUEST_PROTOCOL: &str = "sitelog.request.protocol";
/// Log records, spans or metrics in it (int; on span).
pub const SITELOG_REQUEST_RECORDS: &str = "sitelog.request.records";
/// Its bytes, uncompressed (int; on span).
pub const SITELOG_REQUEST_BYTES: &str = "sitelog.request.bytes";
/// Seconds that it waited for its turn (double; on span).
pub const SITELOG_REQUEST_TURN: &str = "sitelog.request.turn";
/// Seconds from then until it was durable (double; on span).
pub const SITELOG_REQUEST_DURABLE: &str = "sitelog.request.durable";
/// Pulumi's own word for a step (`create-replacement`) (string; on record, span).
pub const PULUMI_OP: &str = "pulumi.op";
/// Terraform's own word for a step (string; on record, span).
pub const TERRAFORM_ACTION: &str = "terraform.action";
/// Pulumi organization (string; on resource).
pub const PULUMI_ORGANIZATION: &str = "pulumi.organization";
/// Terraform or OpenTofu workspace (string; on resource).
pub const TERRAFORM_WORKSPACE: &str = "terraform.workspace";
/// Folder of the root module (string; on resource).
pub const TERRAFORM_ROOT: &str = "terraform.root";
/// Pulumi Cloud's id of an update (string; on resource).
pub const PULUMI_UPDATE_ID: &str = "pulumi.update.id";
/// Its number in the stack's history (int; on resource).
pub const PULUMI_UPDATE_VERSION: &str = "pulumi.update.version";
/// Pulumi Cloud's own word for it (`resource-import`) (string; on resource).
pub const PULUMI_UPDATE_KIND: &str = "pulumi.update.kind";
/// What its author wrote to it, at most 4,096 characters (string; on resource).
pub const PULUMI_UPDATE_MESSAGE: &str = "pulumi.update.message";
/// Pulumi Cloud's word for an entry of an organization's audit log (`member.added`) (string; on record).
pub const PULUMI_AUDIT_EVENT: &str = "pulumi.audit.event";
/// What acted, where it is no person (string; on record).
pub const PULUMI_AUDIT_ACTOR_NAME: &str = "pulumi.audit.actor.name";
/// Its URN (string; on record).
pub const PULUMI_AUDIT_ACTOR_URN: &str = "pulumi.audit.actor.urn";
/// Id of the access token that was used; never the token (string; on record).
pub const PULUMI_AUDIT_TOKEN_ID: &str = "pulumi.audit.token.id";
/// Its name (string; on record).
pub const PULUMI_AUDIT_TOKEN_NAME: &str = "pulumi.audit.token.name";
/// True: somebody was refused (boolean; on record).
pub const PULUMI_AUDIT_AUTH_FAILURE: &str = "pulumi.audit.auth.failure";
/// True: it took an administrator of the organization (boolean; on record).
pub const PULUMI_AUDIT_ORG_ADMIN: &str = "pulumi.audit.org.admin";
/// True: it took an administrator of the stack (boolean; on record).
pub const PULUMI_AUDIT_STACK_ADMIN: &str = "pulumi.audit.stack.admin";
/// The address that somebody acted from, as Pulumi Cloud saw it (string; on record).
pub const CLIENT_ADDRESS: &str = "client.address";
