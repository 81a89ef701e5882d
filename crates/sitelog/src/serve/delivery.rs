//! Delivery: an exporter for each tenant and destination, all on one thread.

use super::plan::{LONGEST_WAIT, Plan, TenantPlan};
use sitelog_export::{Counters, Exporter, Exporters, OtlpConfig, Patience, Report};
use sitelog_ledger::{Chain, ChainId, Ledger};
use sitelog_model::TenantId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All exporters.
pub(crate) struct Delivery {
    thread: Exporters,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plans: BTreeMap<TenantId, Vec<OtlpConfig>>,
    others: Vec<OtlpConfig>,
    exporters: BTreeMap<TenantId, Vec<Named>>,
    /// Chains that are written: an exporter that comes later follows them too.
    live: BTreeMap<TenantId, Vec<Chain>>,
}

struct Named {
    config: OtlpConfig,
    exporter: Exporter,
}

/// How a destination fares.
pub(crate) struct Fares {
    pub(crate) tenant: TenantId,
    pub(crate) destination: String,
    pub(crate) counters: Arc<Counters>,
}

impl Delivery {
    pub(crate) fn new(plan: &Plan) -> Self {
        let delivery = Self {
            thread: Exporters::start(),
            state: Mutex::default(),
        };
        delivery.plan(&plan.tenants, &plan.others);
        delivery
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where tenants deliver that come from now on. One that has come already goes on as before until the next start.
    pub(crate) fn plan(&self, tenants: &BTreeMap<TenantId, TenantPlan>, others: &TenantPlan) {
        let mut state = self.state();
        let of = |plan: &TenantPlan| plan.destinations.clone();
        state.plans = tenants.iter().map(|(id, plan)| (id.clone(), of(plan))).collect();
        state.others = of(others);
    }

    /// Has a chain that is written delivered.
    pub(crate) fn follow(&self, tenant: &TenantId, chain: &Chain) {
        let mut state = self.state();
        for named in state.exporters_of(&self.thread, tenant) {
            named.exporter.follow(chain);
        }
        state.live.entry(tenant.clone()).or_default().push(chain.clone());
    }

    /// Has a chain that nobody writes any more delivered.
    pub(crate) fn deliver(&self, ledger: &Ledger, chain: &ChainId) {
        let mut state = self.state();
        for named in state.exporters_of(&self.thread, &chain.tenant) {
            named.exporter.deliver(ledger, chain);
        }
    }

    /// How each destination fares.
    pub(crate) fn fares(&self) -> Vec<Fares> {
        let state = self.state();
        let each = state.exporters.iter().flat_map(|(tenant, all)| {
            all.iter().map(|named| Fares {
                tenant: tenant.clone(),
                destination: named.config.name.as_str().to_owned(),
                counters: Arc::clone(named.exporter.counters()),
            })
        });
        each.collect()
    }

    /// Ends all of it; what was not delivered waits for the next start. The chains must have been sealed before.
    pub(crate) fn finish(&self, patience: Patience) -> Vec<(TenantId, String, Report)> {
        let (exporters, live) = {
            let mut state = self.state();
            (std::mem::take(&mut state.exporters), std::mem::take(&mut state.live))
        };
        drop(live);
        let all: Vec<_> = exporters
            .into_iter()
            .flat_map(|(tenant, all)| all.into_iter().map(move |named| (tenant.clone(), named)))
            .collect();
        std::thread::scope(|scope| {
            let each: Vec<_> = all
                .into_iter()
                .map(|(tenant, named)| {
                    let name = named.config.name.as_str().to_owned();
                    (tenant, name, scope.spawn(move || named.exporter.finish(patience)))
                })
                .collect();
            each.into_iter()
                .filter_map(|(tenant, name, report)| Some((tenant, name, report.join().ok()?)))
                .collect()
        })
    }
}

impl State {
    fn exporters_of(&mut self, thread: &Exporters, tenant: &TenantId) -> &[Named] {
        let (plans, others) = (&self.plans, &self.others);
        self.exporters.entry(tenant.clone()).or_insert_with(|| {
            let configs = plans.get(tenant).unwrap_or(others).iter();
            configs
                .map(|config| {
                    let mut config = config.clone();
                    config.pace.backoff.max = LONGEST_WAIT;
                    Named {
                        exporter: thread.exporter(config.clone()),
                        config,
                    }
                })
                .collect()
        })
    }
}
