//! The plan on every machine that it was made for.

use proptest::prelude::*;
use wasm_engine_topology::{CoreId, CoreSet, Plan, Synthetic, Topology};

/// Main, render, io, workers, page, inference.
fn sets(plan: &Plan) -> [String; 6] {
    [plan.main.clone(), plan.render.clone(), plan.io.clone(), plan.worker_set(), plan.page.clone(), plan.inference.clone()]
        .map(|set| set.to_string())
}

fn plan(machine: &Synthetic) -> Plan {
    Plan::of(&machine.build())
}

#[test]
fn up_to_four_cores_everything_is_shared() {
    for cores in 1..=4 {
        let plan = plan(&Synthetic::cores(cores));
        assert!(plan.shared && plan.reserved().is_empty());
        assert_eq!((plan.workers.len(), plan.inference_threads), (cores as usize, cores as usize));
        assert_eq!(plan.page.len(), cores as usize);
    }
    let hyperthreaded = plan(&Synthetic::cores(4).threads(2));
    assert!(hyperthreaded.shared);
    assert_eq!((hyperthreaded.workers.len(), hyperthreaded.render.to_string().as_str()), (4, "0-7"));
}

#[test]
fn small_machines() {
    assert_eq!(sets(&plan(&Synthetic::cores(5))), ["0", "1", "0", "2", "3-4", "2"]);
    assert_eq!(sets(&plan(&Synthetic::cores(6))), ["0", "1", "2", "3", "4-5", "3"]);
    assert_eq!(sets(&plan(&Synthetic::cores(7))), ["0", "1", "2", "3", "4-6", "3"]);
}

#[test]
fn eight_and_sixteen_cores() {
    assert_eq!(sets(&plan(&Synthetic::cores(8))), ["0", "1", "2", "3-4", "5-7", "3-4"]);
    assert_eq!(sets(&plan(&Synthetic::cores(16))), ["0", "1", "2", "3-8", "9-15", "3-8"]);
}

#[test]
fn a_core_keeps_its_threads_together() {
    let plan = plan(&Synthetic::cores(8).threads(2));
    assert_eq!(sets(&plan), ["0,8", "1,9", "2,10", "3-4", "5-7,13-15", "3-4,11-12"]);
    assert_eq!((plan.workers.len(), plan.inference_threads), (2, 2));
}

#[test]
fn workers_stay_on_one_numa_node() {
    let two = plan(&Synthetic::numa(2, 32));
    assert_eq!(sets(&two), ["0", "1", "2", "3-31", "32-63", "3-31"]);
    assert!(two.workers.iter().all(|worker| worker.node == 0));

    let two_threads = plan(&Synthetic::numa(2, 32).threads(2));
    assert_eq!(sets(&two_threads), ["0,64", "1,65", "2,66", "3-31", "32-63,96-127", "3-31,67-95"]);

    // Four nodes of eight: one node alone would halve the workers and more.
    let four = plan(&Synthetic::numa(4, 8));
    assert_eq!(sets(&four), ["0", "1", "2", "3-16", "17-31", "3-16"]);
    assert!(four.workers.iter().all(|worker| worker.node == worker.core.0 / 8), "each knows its own");
}

#[test]
fn the_node_with_the_most_allowed_cores_is_home() {
    let allowed: CoreSet = "0-3,32-47".parse().unwrap();
    let plan = plan(&Synthetic::numa(2, 32).allowed(allowed));
    assert_eq!(sets(&plan), ["32", "33", "34", "35-42", "0-3,43-47", "35-42"]);
}

#[test]
fn strong_cores_compute_and_weak_ones_wait() {
    // Eight strong ones with two threads each (0-15), eight weak ones (16-23).
    let laptop = plan(&Synthetic::hybrid(8, 8).threads(2));
    assert_eq!(sets(&laptop), ["16", "0,8", "17", "1-6", "7,15,18-23", "1-6,9-14"]);
    let small = plan(&Synthetic::hybrid(4, 8));
    assert_eq!(sets(&small), ["4", "0", "5", "1-3", "6-11", "1-3"]);
    // A single strong core is left for workers, where the rule gives three: weak ones help.
    let tiny = plan(&Synthetic::hybrid(2, 8));
    assert_eq!(sets(&tiny), ["2", "0", "3", "1,4-5", "6-9", "1,4-5"]);
    let one_weak = plan(&Synthetic::hybrid(7, 1));
    assert_eq!(sets(&one_weak), ["7", "0", "1", "2-3", "4-6", "2-3"]);
    let all_weak = plan(&Synthetic::hybrid(0, 8));
    assert_eq!(sets(&all_weak), ["0", "1", "2", "3-4", "5-7", "3-4"]);
}

#[test]
fn a_quota_makes_the_plan_that_of_a_smaller_machine() {
    let shared = plan(&Synthetic::cores(64).quota(2.0));
    assert!(shared.shared);
    assert_eq!(shared.workers.len(), 2);
    let eight = plan(&Synthetic::cores(64).quota(7.5));
    assert_eq!((eight.shared, eight.workers.len(), eight.page.len()), (false, 2, 59));
    let nonsense = plan(&Synthetic::cores(64).quota(f64::NAN));
    assert!(!nonsense.workers.is_empty());
}

#[test]
fn no_core_at_all_still_gives_a_worker() {
    let plan = plan(&Synthetic::cores(8).allowed(CoreSet::default()));
    assert!(plan.shared && plan.page.is_empty());
    assert_eq!(plan.workers.len(), 1);
}

#[test]
fn plans_and_topologies_print_and_serialize() {
    let topology = Synthetic::hybrid(8, 8).threads(2).quota(20.0).build();
    assert_eq!(
        topology.to_string(),
        "16 cores (24 threads), 1 NUMA node, 8 of the cores made to save power, limited to the time of 20 by a cgroup (made up)"
    );
    let text = Plan::of(&topology).to_string();
    let expected = "\
thread        cores
main          16
render        0,8
io            17
worker × 6    1-6 (NUMA node 0), pinned
page          7,15,18-23
inference × 6 1-6,9-14
main, render, io and page are not pinned: these cores are kept free of workers for them
";
    assert_eq!(text, expected);
    let two = plan(&Synthetic::cores(2)).to_string();
    assert_eq!(two, "all threads share the cores 0-1; nothing is pinned\n  worker × 2, inference × 2\n");
    let json = serde_json::to_value(Plan::of(&topology)).unwrap();
    assert_eq!(json["workers"][0], serde_json::json!({ "core": 1, "node": 0 }));
    assert_eq!(json["render"], serde_json::json!([0, 8]));
    assert_eq!(serde_json::to_value(&topology).unwrap()["cpus"][20]["kind"], "efficiency");
    assert_eq!(Topology::count_only(0).cpus.len(), 1);
}

/// Holds for every machine.
fn check(topology: &Topology) -> Result<(), TestCaseError> {
    let (plan, allowed) = (Plan::of(topology), topology.allowed());
    let roles = [&plan.main, &plan.render, &plan.io, &plan.page, &plan.inference];
    prop_assert!(!plan.workers.is_empty() && plan.inference_threads > 0);
    prop_assert!(plan.worker_set().is_subset(&allowed) && roles.iter().all(|role| role.is_subset(&allowed) && !role.is_empty()));
    prop_assert_eq!(plan.worker_set().len(), plan.workers.len(), "no core has two workers");
    for worker in &plan.workers {
        prop_assert!(topology.cpus.iter().any(|cpu| cpu.id == worker.core && cpu.node == worker.node));
    }
    prop_assert_eq!(plan.shared, topology.allowed_cores().min(topology.quota.map_or(usize::MAX, |quota| quota.ceil() as usize)) <= 4);
    if !plan.shared {
        let reserved = plan.reserved();
        prop_assert!(reserved.is_disjoint(&plan.worker_set()) && reserved.is_disjoint(&plan.page) && reserved.is_disjoint(&plan.inference));
        prop_assert!(plan.page.is_disjoint(&plan.inference) && plan.worker_set().is_subset(&plan.inference));
        prop_assert!(plan.render.is_disjoint(&plan.main) && plan.render.is_disjoint(&plan.io));
        prop_assert_eq!(reserved.union(&plan.page).union(&plan.inference), allowed, "no core is forgotten");
    }
    prop_assert_eq!(&plan, &Plan::of(topology), "pure");
    Ok(())
}

#[test]
fn every_number_of_cores_has_a_plan() {
    for cores in 1..=256 {
        check(&Synthetic::cores(cores).build()).unwrap();
        check(&Synthetic::cores(cores).threads(2).build()).unwrap();
        check(&Topology::count_only(cores as usize)).unwrap();
    }
}

prop_compose! {
    fn machine()(nodes in 1u32..5, cores in 1u32..40, threads in 1u32..3, weak in prop_oneof![Just(0u32), 1..20u32],
                 quota in prop::option::of(0.5f64..64.0), banned in prop::collection::vec(0u32..200, 0..120)) -> Topology {
        let whole = if weak > 0 { Synthetic::hybrid(cores, weak) } else { Synthetic::numa(nodes, cores) }.threads(threads);
        let all = whole.build().allowed();
        let allowed: CoreSet = all.iter().filter(|id| !banned.contains(&id.0)).collect();
        let allowed = if allowed.is_empty() { CoreSet::from(CoreId(0)) } else { allowed };
        let whole = whole.allowed(allowed);
        quota.map_or(whole.clone(), |quota| whole.quota(quota)).build()
    }
}

proptest! {
    #[test]
    fn no_machine_breaks_the_rules(topology in machine()) {
        check(&topology)?;
    }
}
