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
/// Exit status; 128+n after signal n (int; on span).
pub const PROCESS_EXIT_CODE: &str = "process.exit.code";
/// Why it failed: an exit status, a signal's name, `not_found`, `not_executable`, `interrupted` (string; on span).
pub const ERROR_TYPE: &str = "error.type";
/// The signal that ended the job (string; on span).
pub const SITELOG_SIGNAL: &str = "sitelog.signal";
/// The run's ULID (string; on resource, span).
pub const SITELOG_RUN_ID: &str = "sitelog.run.id";
/// Line records of the run (int; on span).
pub const SITELOG_LINES: &str = "sitelog.lines";
/// Lines that could not be kept (int; on span, record).
pub const SITELOG_LINES_DROPPED: &str = "sitelog.lines.dropped";
/// `stdout` `stderr` (`stdout` under a PTY) (string; on record).
pub const LOG_IOSTREAM: &str = "log.iostream";
/// Counts over the run's lines of both streams, from 0, no gaps (int; on record).
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
/// What was done, as the user names it (string; on resource, span).
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
/// Pulumi organization (string; on resource).
pub const PULUMI_ORGANIZATION: &str = "pulumi.organization";
/// Terraform or OpenTofu workspace (string; on resource).
pub const TERRAFORM_WORKSPACE: &str = "terraform.workspace";
/// Folder of the root module (string; on resource).
pub const TERRAFORM_ROOT: &str = "terraform.root";
