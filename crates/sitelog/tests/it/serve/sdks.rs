//! The OpenTelemetry SDKs of Python and of Node.js, set up by the standard variables, and `telemetrygen`.

use super::certificates::Certificates;
use super::running::Gateway;
use super::told::{Told, of_sink};
use crate::component::component;
use crate::scene::{Scene, ended, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use std::process::Command;

/// Records of each signal that a program sends.
const COUNT: usize = 25;

/// Where a program sends, and as whom.
struct Target<'a> {
    endpoint: String,
    protocol: &'a str,
    token: &'a str,
    authority: Option<&'a str>,
    is_compressed: bool,
}

impl Target<'_> {
    /// A program set up as any program on an SDK is.
    fn sdk(&self, scene: &Scene, program: &str, script: &str, name: &str) -> Command {
        let script = format!("{}/testdata/sdk/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut command = scene.command(program, [&script, self.protocol, name, &COUNT.to_string()]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint).env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            format!("authorization=Bearer%20{}", self.token),
        );
        if self.is_compressed {
            command.env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
        }
        if let Some(authority) = self.authority {
            command.env("OTEL_EXPORTER_OTLP_CERTIFICATE", authority);
        }
        command
    }

    fn telemetrygen(&self, scene: &Scene, program: &str, signal: &str) -> Command {
        let address = self.endpoint.split("://").nth(1).unwrap();
        let header = format!("authorization=\"Bearer {}\"", self.token);
        let count = COUNT.to_string();
        let mut args = vec![
            signal,
            "--otlp-endpoint",
            address,
            "--otlp-header",
            &header,
            "--rate",
            "0",
            "--workers",
            "1",
        ];
        args.extend([
            if signal == "traces" {
                "--traces"
            } else if signal == "logs" {
                "--logs"
            } else {
                "--metrics"
            },
            &count,
        ]);
        if self.protocol != "grpc" {
            args.push("--otlp-http");
        }
        match self.authority {
            None => args.push("--otlp-insecure"),
            Some(authority) => args.extend(["--ca-cert", authority]),
        }
        scene.command(program, args)
    }
}

/// What arrived of a tenant's signal.
fn count(told: &Told, tenant: &str, signal: &str) -> usize {
    let ours = told
        .iter()
        .filter(|((of, which, _), _)| (of.as_str(), *which) == (tenant, signal));
    ours.map(|(_, times)| times).sum()
}

/// Scenario: a program sends over each protocol of its SDK to a gateway, plain and compressed, without and with TLS, and with
/// the token of a tenant for each. Guarantees: it ends well, and all of the three signals arrives at the sink as its tenant's.
fn send_and_arrive(protocols: &[&str], send: impl Fn(&Scene, &Target<'_>, &str), wanted: impl Fn(&Told, &str) -> bool) {
    for with_tls in [false, true] {
        let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
        let certificates = with_tls.then(|| Certificates::new(&scene));
        let tenants: Vec<String> = protocols.iter().map(|protocol| protocol.replace('/', "-")).collect();
        let add = |tenant: &String| scene.tell(&["tenants", "add", tenant]).out().trim().to_owned();
        let tokens: Vec<String> = tenants.iter().map(add).collect();
        let endpoint = sink.endpoint();
        let mut flags = vec!["--otlp.endpoint", &endpoint];
        if let Some(known) = &certificates {
            flags.extend([
                "--tls-certificate",
                &known.server.certificate,
                "--tls-key",
                &known.server.key,
            ]);
        }
        let gateway = Gateway::start(&scene, &flags);
        for ((protocol, tenant), token) in protocols.iter().zip(&tenants).zip(&tokens) {
            let address = if *protocol == "grpc" {
                &gateway.grpc
            } else {
                &gateway.http
            };
            let target = Target {
                endpoint: match with_tls {
                    false => format!("http://{address}"),
                    // Node.js asks for no certificate of an address.
                    true => format!("https://{}", address.replace("127.0.0.1", "localhost")),
                },
                protocol,
                token,
                authority: certificates.as_ref().map(|known| known.authority.as_str()),
                is_compressed: with_tls,
            };
            send(&scene, &target, tenant);
        }
        for tenant in &tenants {
            wait_until("all signals to arrive", || wanted(&of_sink(&sink), tenant));
        }
        assert!(of_sink(&sink).keys().all(|(tenant, _, _)| tenants.contains(tenant)));
        assert_eq!(gateway.end(Signal::SIGTERM), 0);
    }
}

/// A program of `testdata/sdk` sends numbered logs and spans, and a counter.
fn numbered(told: &Told, tenant: &str) -> bool {
    let has = |signal, name: String| told.contains_key(&(tenant.to_owned(), signal, name));
    let all = |signal| (0..COUNT).all(|number| has(signal, format!("{tenant} {number}")));
    all("logs") && all("traces") && has("metrics", tenant.to_owned())
}

/// Runs it; the SDKs tell what they could not send, and exit with 0 all the same.
fn is_well(command: Command) {
    let ran = ended(command);
    assert_eq!((ran.code, ran.err()), (0, ""), "{ran:?}");
}

#[test]
fn the_sdk_of_python_sends() {
    let python = component("otel-python", "SITELOG_OTEL_PYTHON");
    let send = |scene: &Scene, target: &Target<'_>, name: &str| is_well(target.sdk(scene, &python, "send.py", name));
    send_and_arrive(&["grpc", "http/protobuf"], send, numbered);
}

#[test]
fn the_sdk_of_node_sends() {
    let packages = component("otel-node", "SITELOG_OTEL_NODE");
    let send = |scene: &Scene, target: &Target<'_>, name: &str| {
        let mut command = target.sdk(scene, "node", "send.cjs", name);
        command.env("NODE_PATH", &packages);
        is_well(command);
    };
    send_and_arrive(&["grpc", "http/protobuf", "http/json"], send, numbered);
}

#[test]
fn telemetrygen_sends() {
    let program = component("telemetrygen", "SITELOG_TELEMETRYGEN");
    let send = |scene: &Scene, target: &Target<'_>, _: &str| {
        for signal in ["logs", "traces", "metrics"] {
            let ran = ended(target.telemetrygen(scene, &program, signal));
            assert_eq!(ran.code, 0, "{ran:?}");
        }
    };
    let wanted = |told: &Told, tenant: &str| {
        // A trace of it has two spans.
        [("logs", COUNT), ("traces", 2 * COUNT), ("metrics", COUNT)]
            .iter()
            .all(|(signal, number)| count(told, tenant, signal) >= *number)
    };
    send_and_arrive(&["grpc", "http/protobuf"], send, wanted);
}
