//! A real Prometheus as the destination of two tenants' metrics, and as who scrapes the gateway.

use super::running::{Gateway, request};
use super::told::now;
use crate::cloud::Prometheus;
use crate::scene::{Scene, wait_until};
use crate::sink::Reserved;
use nix::sys::signal::Signal;
use serde_json::json;

/// Sends a counter and a gauge of a tenant; both tenants' have the same names.
fn send(gateway: &Gateway, token: &str, orders: u64, queue: f64) {
    let (now, text) = (
        now(),
        |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}}),
    );
    let sum = json!({
        "name": "shop.orders", "unit": "1",
        "sum": {"isMonotonic": true, "aggregationTemporality": 2, "dataPoints": [{
            "startTimeUnixNano": now, "timeUnixNano": now, "asInt": orders.to_string(), "attributes": [text("region", "eu")],
        }]},
    });
    let gauge = json!({"name": "shop.queue", "gauge": {"dataPoints": [{"timeUnixNano": now, "asDouble": queue}]}});
    // What a client claims counts for nothing.
    let resource = json!({"attributes": [text("service.name", "shop"), text("sitelog.tenant.id", "claimed")]});
    let scope = json!({"metrics": [sum, gauge]});
    let body = json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]}).to_string();
    let credential = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", &credential)];
    let answer = request(&gateway.http, "POST", "/v1/metrics", &headers, body.as_bytes()).unwrap();
    assert_eq!(answer.0, 200, "{answer:?}");
}

/// Scenario: two tenants send metrics of the same names, each claiming another tenant's name; Prometheus comes up later than
/// the gateway. Guarantees: each tenant's questions have its own figures for an answer and no other's, nothing has the
/// claimed name, and the gateway's own metrics are scraped with an operator's token.
#[test]
fn each_tenant_asks_prometheus_for_its_own() {
    let (scene, port) = (Scene::new(), Reserved::new());
    let token = |args: &[&str]| {
        scene
            .tell(&[&["tenants", "add"], args].concat())
            .out()
            .trim()
            .to_owned()
    };
    let (a, b) = (token(&["team-a"]), token(&["team-b"]));
    let operator = token(&["ops", "--role", "operator"]);
    let config = json!({"serve": {"tenants": {"ops": {}}}, "otlp": {
        "endpoint": format!("{}/api/v1/otlp", port.endpoint()), "protocol": "http/protobuf",
    }});
    let config = scene.file("serve.yaml", &config.to_string());
    let gateway = Gateway::start(&scene, &["--config", &config]);
    send(&gateway, &a, 3, 0.5);
    send(&gateway, &b, 40, 7.0);

    let prometheus = Prometheus::at(
        port,
        &json!({
            "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms" },
            "otlp": { "promote_resource_attributes": ["sitelog.tenant.id"] },
            "scrape_configs": [{
                "job_name": "gateway",
                "authorization": { "credentials": operator },
                "static_configs": [{ "targets": [gateway.admin] }],
            }],
        }),
    );
    let by_tenant = |metric: &str| prometheus.ask(&format!("sum by (sitelog_tenant_id) ({metric})"));
    wait_until("both tenants' metrics", || {
        by_tenant("shop_orders_total").len() == 2 && by_tenant("shop_queue").len() == 2
    });
    for (tenant, orders, queue) in [("team-a", 3.0, 0.5), ("team-b", 40.0, 7.0)] {
        let own = format!("{{sitelog_tenant_id=\"{tenant}\"}}");
        let told = prometheus.ask(&format!("shop_orders_total{own}"));
        let labels = format!("shop_orders_total{{region=\"eu\",sitelog_tenant_id=\"{tenant}\"}}");
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [(labels, orders)]);
        let told = prometheus.ask(&format!("max(shop_queue{own})"));
        assert_eq!(told.into_values().collect::<Vec<_>>(), [queue]);
    }
    assert!(
        prometheus
            .ask("{__name__=~\"shop_.*\",sitelog_tenant_id!~\"team-a|team-b\"}")
            .is_empty()
    );
    wait_until("the gateway's own metrics", || {
        let sent = prometheus.ask("sum by (tenant) (sitelog_export_delivered_records_total{signal=\"metrics\"})");
        sent.len() == 2 && sent.values().all(|records| *records > 0.0)
    });
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}
