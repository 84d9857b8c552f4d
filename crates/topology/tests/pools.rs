//! Pools and pinning, on the machine that runs the test.

use std::sync::Mutex;

use rayon::prelude::*;
use wasm_engine_topology::pools::worker_pool;
use wasm_engine_topology::{CoreId, CoreSet, PinError, Plan, Synthetic, Topology, Worker, pin_current};

#[test]
fn workers_are_named_and_work() {
    let plan = Plan::of(&Topology::detect().unwrap());
    let workers = worker_pool(&plan, usize::MAX).unwrap();
    assert_eq!(workers.pool.current_num_threads(), plan.workers.len());
    let names = Mutex::new(Vec::new());
    workers.pool.broadcast(|_| names.lock().unwrap().push(std::thread::current().name().unwrap().to_owned()));
    let mut names = names.into_inner().unwrap();
    names.sort_unstable();
    assert!(names.iter().all(|name| name.starts_with("worker-")) && names.contains(&"worker-0".to_owned()));
    let sum: u64 = workers.pool.install(|| (0..100_000u64).into_par_iter().sum());
    assert_eq!(sum, 4_999_950_000);
}

#[test]
fn a_cap_holds_and_zero_still_gives_one() {
    let plan = Plan::of(&Synthetic::cores(4).build());
    for (cap, threads) in [(2, 2), (0, 1), (100, 4)] {
        assert_eq!(worker_pool(&plan, cap).unwrap().pool.current_num_threads(), threads);
    }
}

#[test]
fn cores_that_are_not_there_are_reported_and_the_pool_works() {
    let mut plan = Plan::of(&Synthetic::cores(8).build());
    let nowhere = [900, 1_000_000].map(|core| Worker { core: CoreId(core), node: 0 });
    plan.workers = nowhere.to_vec();
    let workers = worker_pool(&plan, usize::MAX).unwrap();
    assert_eq!(workers.pool.install(|| (0..10).into_par_iter().map(|number| number * 2).sum::<i32>()), 90);
    assert_eq!(workers.unpinned.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1]);
    for (_, error) in &workers.unpinned {
        assert!(["PIN_REFUSED", "PIN_UNSUPPORTED"].contains(&error.code()), "{error}");
        assert!(error.hint().is_some());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pinned_thread_and_its_children_stay_on_their_cores() {
    let allowed = Topology::detect().unwrap().allowed();
    let seen = || Topology::detect().map(|topology| topology.allowed()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin_current(&allowed).unwrap();
            assert_eq!(seen(), allowed);
            let last = CoreSet::from(allowed.iter().next_back().unwrap());
            pin_current(&last).unwrap();
            assert_eq!(seen(), last);
            std::thread::scope(|scope| {
                scope.spawn(|| assert_eq!(seen(), last, "children inherit"));
            });
        });
    });
    assert_eq!(seen(), allowed, "other threads are not touched");
    assert!(matches!(pin_current(&CoreSet::default()), Err(PinError::Empty)));
}

#[cfg(target_os = "linux")]
#[test]
fn workers_are_pinned_where_the_plan_says() {
    let allowed = Topology::detect().unwrap().allowed();
    let mut plan = Plan::of(&Synthetic::cores(8).build());
    plan.workers = allowed.iter().map(|core| Worker { core, node: 0 }).collect();
    let workers = worker_pool(&plan, usize::MAX).unwrap();
    assert!(workers.unpinned.is_empty(), "{:?}", workers.unpinned);
    let seen = workers.pool.broadcast(|context| (context.index(), Topology::detect().unwrap().allowed()));
    for (number, cores) in seen {
        assert_eq!(cores, CoreSet::from(plan.workers[number].core));
    }
}
