//! Delivery: an exporter for each tenant and destination, all on one thread.

use super::plan::{LONGEST_WAIT, Plan, TenantPlan};
use sitelog_export::{Counters, Ending, Exporter, Exporters, OtlpConfig, Patience, Report};
use sitelog_ledger::{Chain, ChainId, Ledger};
use sitelog_model::TenantId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long it is waited for what is on its way to a destination that is no more to be used.
const LEAVING: Duration = Duration::from_secs(3);

/// All exporters.
pub(crate) struct Delivery {
    thread: Exporters,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plans: BTreeMap<TenantId, Vec<OtlpConfig>>,
    others: Vec<OtlpConfig>,
    tenants: BTreeMap<TenantId, Tenant>,
}

/// A tenant that has come. A destination that comes later gets all of its chains too.
#[derive(Default)]
struct Tenant {
    destinations: Vec<Destination>,
    /// Chains that are written.
    live: Vec<(Ledger, Chain)>,
    /// Chains that nobody writes any more.
    ended: Vec<(Ledger, ChainId)>,
}

struct Destination {
    /// As it was planned.
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
        let delivery = Self::default();
        delivery.plan(&plan.tenants, &plan.others);
        delivery
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where tenants deliver from now on. Destinations that stay as they are go on; one that changes goes on where its cursors are, as
    /// soon as what was on its way is answered; what one that goes has not got stays in the ledger.
    pub(crate) fn plan(&self, tenants: &BTreeMap<TenantId, TenantPlan>, others: &TenantPlan) {
        let of = |plan: &TenantPlan| plan.destinations.clone();
        let plans = tenants.iter().map(|(id, plan)| (id.clone(), of(plan))).collect();
        self.deliver_to(plans, of(others));
    }

    fn deliver_to(&self, plans: BTreeMap<TenantId, Vec<OtlpConfig>>, others: Vec<OtlpConfig>) {
        let mut state = self.state();
        (state.plans, state.others) = (plans, others);
        let State {
            plans, others, tenants, ..
        } = &mut *state;
        for (id, tenant) in tenants {
            tenant.deliver_to(plans.get(id).unwrap_or(others), &self.thread);
        }
    }

    /// Has a chain that is written delivered.
    pub(crate) fn follow(&self, ledger: &Ledger, chain: &Chain) {
        let mut state = self.state();
        let tenant = state.tenant(&chain.id().tenant, &self.thread);
        for destination in &tenant.destinations {
            destination.exporter.follow(chain);
        }
        tenant.live.push((ledger.clone(), chain.clone()));
    }

    /// Has a chain that nobody writes any more delivered.
    pub(crate) fn deliver(&self, ledger: &Ledger, chain: &ChainId) {
        let mut state = self.state();
        let tenant = state.tenant(&chain.tenant, &self.thread);
        tenant.deliver(ledger, chain);
    }

    /// Lets go of chains that have failed: nobody writes them any more, and what is in them is delivered.
    pub(crate) fn let_go(&self) {
        let mut failed = Vec::new();
        for tenant in self.state().tenants.values_mut() {
            let gone = tenant.live.extract_if(.., |(_, chain)| chain.failure().is_some());
            let gone: Vec<_> = gone.collect();
            gone.iter()
                .for_each(|(ledger, chain)| tenant.deliver(ledger, chain.id()));
            failed.extend(gone);
        }
        // Without the lock: the last one of a chain waits for the disk.
        drop(failed);
    }

    /// How each destination fares.
    pub(crate) fn fares(&self) -> Vec<Fares> {
        let state = self.state();
        let each = state.tenants.iter().flat_map(|(id, tenant)| {
            tenant.destinations.iter().map(|destination| Fares {
                tenant: id.clone(),
                destination: destination.name(),
                counters: Arc::clone(destination.exporter.counters()),
            })
        });
        each.collect()
    }

    /// Ends all of it; what was not delivered waits for the next start. The chains must have been sealed before.
    pub(crate) fn finish(&self, patience: Patience) -> Vec<(TenantId, String, Report)> {
        let tenants = std::mem::take(&mut self.state().tenants);
        let mut endings: Vec<(TenantId, String, Ending)> = Vec::new();
        for (id, Tenant { destinations, live, .. }) in tenants {
            drop(live);
            let each = destinations.into_iter();
            endings.extend(each.map(|to| (id.clone(), to.name(), to.exporter.end(patience))));
        }
        // They end together, on their thread; one after the other is only heard.
        let each = endings.into_iter();
        each.map(|(id, name, ending)| (id, name, ending.report())).collect()
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            thread: Exporters::start(),
            state: Mutex::default(),
        }
    }
}

impl State {
    fn tenant(&mut self, id: &TenantId, thread: &Exporters) -> &mut Tenant {
        let (plans, others) = (&self.plans, &self.others);
        self.tenants.entry(id.clone()).or_insert_with(|| {
            let mut tenant = Tenant::default();
            tenant.deliver_to(plans.get(id).unwrap_or(others), thread);
            tenant
        })
    }
}

impl Tenant {
    fn deliver_to(&mut self, configs: &[OtlpConfig], thread: &Exporters) {
        let mut known = std::mem::take(&mut self.destinations);
        let mut take = |is_it: &dyn Fn(&OtlpConfig) -> bool| {
            let at = known.iter().position(|destination| is_it(&destination.config))?;
            Some(known.swap_remove(at))
        };
        for config in configs {
            let destination = take(&|known| known == config).unwrap_or_else(|| {
                // Its place is taken: what it counted is counted on, and its cursors are free when it has left.
                let before = take(&|known| known.name == config.name);
                let counters = before.map_or_else(Arc::default, Destination::leave);
                self.destination(config.clone(), thread, counters)
            });
            self.destinations.push(destination);
        }
        known.into_iter().for_each(|destination| drop(destination.leave()));
    }

    fn destination(&self, config: OtlpConfig, thread: &Exporters, counters: Arc<Counters>) -> Destination {
        let mut paced = config.clone();
        paced.pace.backoff.max = LONGEST_WAIT;
        let exporter = thread.counting(paced, counters);
        self.live.iter().for_each(|(_, chain)| exporter.follow(chain));
        self.ended
            .iter()
            .for_each(|(ledger, chain)| exporter.deliver(ledger, chain));
        Destination { config, exporter }
    }

    fn deliver(&mut self, ledger: &Ledger, chain: &ChainId) {
        for destination in &self.destinations {
            destination.exporter.deliver(ledger, chain);
        }
        self.ended.push((ledger.clone(), chain.clone()));
    }
}

impl Destination {
    fn name(&self) -> String {
        self.config.name.as_str().to_owned()
    }

    /// Ends it without waiting; its counters.
    fn leave(self) -> Arc<Counters> {
        let counters = Arc::clone(self.exporter.counters());
        drop(self.exporter.leave(LEAVING));
        counters
    }
}

#[cfg(test)]
mod tests;
