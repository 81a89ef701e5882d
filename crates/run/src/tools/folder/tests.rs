use super::super::{Stdout, ask};
use super::*;

fn start(tool: &str, line: &str, folder: &Path, env: &[(&str, &Path)]) -> Start {
    Start {
        tool: tool.into(),
        program: "/bin/tool".into(),
        args: line.split_whitespace().map(str::to_owned).collect(),
        folder: folder.to_owned(),
        env: env
            .iter()
            .map(|(k, v)| ((*k).into(), v.display().to_string()))
            .collect(),
        stdout: Stdout::Other,
    }
}

fn names(start: &Start) -> Names {
    Names::of(start, &ask(start).unwrap())
}

#[test]
fn files_say_what_pulumi_works_on_until_somebody_says_otherwise() {
    let scratch = tempfile::tempdir().unwrap();
    let (home, app) = (scratch.path().join("home"), scratch.path().join("app"));
    fs::create_dir_all(home.join("workspaces")).unwrap();
    fs::create_dir_all(app.join("deep/er")).unwrap();
    fs::write(app.join("Pulumi.yaml"), "# us\nname: \"shop\" # ours\nruntime: yaml\n").unwrap();
    let path = app.join("Pulumi.yaml").into_os_string();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, path.as_bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let selected = home.join("workspaces").join(format!("shop-{hash}-workspace.json"));
    fs::write(selected, r#"{"stack":"organization/shop/prod"}"#).unwrap();
    fs::write(home.join("workspaces/shop-00-workspace.json"), r#"{"stack":"x"}"#).unwrap();
    let credentials = r#"{"current":"https://api","accounts":{"https://api":{"username":"ada","accessToken":"t"}}}"#;
    fs::write(home.join("credentials.json"), credentials).unwrap();
    let env = [("PULUMI_HOME", home.as_path())];
    let found = names(&start("pulumi", "up", &app.join("deep/er"), &env));
    assert_eq!(
        (found.project.as_deref(), found.stack.as_deref()),
        (Some("shop"), Some("prod"))
    );
    assert_eq!((found.organization, found.user.as_deref()), (None, Some("ada")));
    let told = names(&start("pulumi", "up -s acme/shop/dev", &app, &env));
    assert_eq!(
        (told.organization.as_deref(), told.stack.as_deref()),
        (Some("acme"), Some("dev"))
    );
    assert_eq!(names(&start("pulumi", "up", scratch.path(), &[])), Names::default());
}

#[test]
fn a_workspace_is_the_variables_the_files_or_the_default() {
    let scratch = tempfile::tempdir().unwrap();
    let workspace = |start: &Start| names(start).workspace.unwrap();
    let plain = start("terraform", "plan", scratch.path(), &[]);
    assert_eq!(workspace(&plain), "default");
    fs::create_dir(scratch.path().join(".terraform")).unwrap();
    fs::write(scratch.path().join(".terraform/environment"), "staging").unwrap();
    assert_eq!(workspace(&plain), "staging");
    let told = start("tofu", "plan", scratch.path(), &[("TF_WORKSPACE", Path::new("prod"))]);
    assert_eq!(workspace(&told), "prod");
    assert_eq!(names(&told).root, Some(scratch.path().display().to_string()));
}
