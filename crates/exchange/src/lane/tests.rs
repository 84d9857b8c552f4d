//! Lanes against a simple model, across threads, and with sides that come and go.

use super::*;
use crate::RegionSpec;
use proptest::prelude::*;
use std::{collections::VecDeque, thread};

#[test]
fn items_and_their_stamps_share_a_line_when_they_fit_one() {
    for bytes in 1..=ITEM_BYTES_MAX {
        let shape = Shape::of(bytes);
        let own = bytes + if shape.is_stamped { 8 } else { 0 };
        assert!(shape.stride >= own && (!shape.is_stamped || shape.stride.is_multiple_of(8)));
        assert!(own > 64 || !shape.is_stamped || 64 % shape.stride == 0);
    }
    assert_eq!(Shape::of(8), Shape { is_stamped: false, stride: 8 });
    assert_eq!(Shape::of(24), Shape { is_stamped: true, stride: 32 });
    assert_eq!(Shape::of(56), Shape { is_stamped: true, stride: 64 });
    assert_eq!(Shape::of(57), Shape { is_stamped: true, stride: 128 });
}

#[test]
fn a_full_lane_gives_the_item_back_and_loses_nothing() {
    for capacity in [1, 2, 7, 8, 64] {
        let (mut sender, mut receiver) = channel::<u64>(capacity);
        let mut pushed = 0;
        while sender.push(pushed).is_ok() {
            pushed += 1;
        }
        assert!(pushed >= capacity as u64, "{pushed} of {capacity}");
        assert_eq!(sender.push(7), Err(Full(7)));
        for expected in 0..pushed {
            assert_eq!(receiver.pop(), Some(expected));
        }
        assert_eq!(receiver.pop(), None);
        assert_eq!(sender.push(pushed), Ok(()));
        assert_eq!(receiver.pop(), Some(pushed));
    }
}

#[test]
fn capacity_holds_at_every_position_of_the_receiver() {
    let (mut sender, mut receiver) = channel::<u64>(20);
    for start in 0..if cfg!(miri) { 9 } else { 200 } {
        for item in 0..20 {
            assert_eq!(sender.push(start + item), Ok(()), "from {start}");
        }
        for item in 0..20 {
            assert_eq!(receiver.pop(), Some(start + item));
        }
        sender.push(0).expect("empty");
        receiver.pop().expect("not empty");
    }
}

#[test]
fn threads_hand_over_everything_in_order() {
    let count = if cfg!(miri) { 1500 } else { 200_000_u64 };
    // The longer one is long enough for its receiver to wait for batches.
    for capacity in [64, 700] {
        let (mut sender, mut receiver) = channel::<u64>(capacity);
        let producer = thread::spawn(move || (0..count).for_each(|item| sender.send(item)));
        for expected in 0..count {
            assert_eq!(receiver.recv(), expected);
        }
        producer.join().expect("the producer ends");
        assert_eq!(receiver.recv_timeout(Some(Duration::from_millis(1))), None);
    }
}

#[test]
fn threads_hand_over_slices_of_any_length_in_order() {
    let count = if cfg!(miri) { 600 } else { 200_000_u64 };
    let (mut sender, mut receiver) = channel::<u64>(700);
    let producer = thread::spawn(move || {
        let mut next = 0;
        while next < count {
            let items: Vec<u64> = (next..count).take(next as usize % 97 + 1).collect();
            next += sender.push_slice(&items) as u64;
        }
    });
    let (mut items, mut next) = ([0; 150], 0);
    while next < count {
        let popped = receiver.pop_slice(&mut items[..next as usize % 149 + 1]);
        assert!(items[..popped].iter().copied().eq((next..).take(popped)));
        next += popped as u64;
    }
    producer.join().expect("the producer ends");
    assert_eq!(receiver.pop(), None);
}

#[test]
fn producers_merge_without_losing_order() {
    let (count, producers) = if cfg!(miri) { (40, 2) } else { (20_000_u64, 3) };
    let (senders, mut receiver) = merged::<[u64; 2]>(16, producers);
    let threads: Vec<_> =
        (0..).zip(senders).map(|(id, mut sender)| thread::spawn(move || (0..count).for_each(|item| sender.send([id, item])))).collect();
    let mut next = vec![0; producers];
    for _ in 0..count * producers as u64 {
        let [id, item] = receiver.recv();
        assert_eq!(item, next[id as usize]);
        next[id as usize] += 1;
    }
    threads.into_iter().for_each(|thread| thread.join().expect("producers end"));
    assert_eq!(receiver.pop(), None);
}

#[test]
fn sides_of_a_region_come_and_go() {
    let region = Region::anonymous(&RegionSpec::new().lane("input", 8, 10)).expect("a small region");
    let mut receiver = region.lane_receiver::<u64>("input").expect("free");
    for round in 0..if cfg!(miri) { 9 } else { 50 } {
        let mut sender = region.lane_sender::<u64>("input").expect("the last one was dropped");
        assert_eq!(region.lane_sender::<u64>("input").unwrap_err().code(), "CLAIM_TAKEN");
        sender.push(round * 2).expect("room");
        sender.push(round * 2 + 1).expect("room");
        drop(sender);
        assert_eq!(region.lane_state("input").expect("there").depth, 2);
        assert_eq!(receiver.pop(), Some(round * 2));
        drop(receiver);
        receiver = region.lane_receiver("input").expect("dropped above");
        assert_eq!(receiver.pop(), Some(round * 2 + 1));
        assert_eq!(receiver.pop(), None);
        assert_eq!(region.lane_state("input").expect("there").depth, 0);
    }
}

#[test]
fn the_wrong_type_or_end_is_refused() {
    let region = Region::anonymous(&RegionSpec::new().merged_lane("input", 8, 10, 2)).expect("a small region");
    assert_eq!(region.lane_sender::<u32>("input").unwrap_err().code(), "LANE_ITEM_TYPE");
    assert_eq!(region.lane_receiver::<u64>("input").unwrap_err().code(), "LANE_MERGED");
    assert_eq!(region.lane_sender::<u64>("output").unwrap_err().code(), "UNKNOWN_LANE");
    let senders = [region.lane_sender::<u64>("input"), region.lane_sender("input")].map(|sender| sender.expect("two producers"));
    assert_eq!(region.lane_sender::<u64>("input").unwrap_err().code(), "CLAIM_TAKEN");
    let mut receiver = region.merged_receiver::<u64>("input").expect("free");
    for (item, mut sender) in (0..).zip(senders) {
        sender.push(item).expect("room");
    }
    assert_eq!([receiver.pop(), receiver.pop(), receiver.pop()], [Some(0), Some(1), None]);
}

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    PushMany(usize),
    Pop,
    PopMany(usize),
    NewSender,
    NewReceiver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u8>().prop_map(Step::Push),
        3 => (0_usize..40).prop_map(Step::PushMany),
        4 => Just(Step::Pop),
        3 => (0_usize..40).prop_map(Step::PopMany),
        1 => Just(Step::NewSender),
        1 => Just(Step::NewReceiver),
    ]
}

/// Runs the steps on a lane of items of this type and on a queue that is known to be right.
fn agrees_with_a_queue<T: Pod + PartialEq + core::fmt::Debug>(
    capacity: usize,
    steps: &[Step],
    item: impl Fn(u32) -> T,
) -> Result<(), TestCaseError> {
    let region = Region::anonymous(&RegionSpec::new().lane("lane", size_of::<T>(), capacity)).expect("a small region");
    let (mut sender, mut receiver) = (region.lane_sender::<T>("lane").expect("free"), region.lane_receiver::<T>("lane").expect("free"));
    let mut model = VecDeque::new();
    let mut next = 0;
    for step in steps {
        match *step {
            Step::Push(extra) => {
                let pushed = sender.push(item(next + u32::from(extra))).is_ok();
                prop_assert!(pushed || model.len() >= capacity);
                if pushed {
                    model.push_back(item(next + u32::from(extra)));
                    next += 1;
                }
            }
            Step::PushMany(count) => {
                let items: Vec<_> = (0..count as u32).map(|offset| item(next + offset)).collect();
                let pushed = sender.push_slice(&items);
                prop_assert!(pushed == count || model.len() + pushed >= capacity);
                model.extend(&items[..pushed]);
                next += pushed as u32;
            }
            Step::Pop => prop_assert_eq!(receiver.pop(), model.pop_front()),
            Step::PopMany(count) => {
                let mut items = vec![T::zeroed(); count];
                let popped = receiver.pop_slice(&mut items);
                prop_assert_eq!(popped, count.min(model.len()));
                prop_assert!(items[..popped].iter().copied().eq(model.drain(..popped)));
            }
            Step::NewSender => {
                drop(sender);
                sender = region.lane_sender("lane").expect("just dropped");
            }
            Step::NewReceiver => {
                drop(receiver);
                receiver = region.lane_receiver("lane").expect("just dropped");
            }
        }
        prop_assert_eq!(region.lane_state("lane").expect("there").depth, model.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 1 } else { 128 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_lane_is_a_bounded_queue(capacity in 1_usize..100, steps in prop::collection::vec(step(), 0..if cfg!(miri) { 20 } else { 200 })) {
        agrees_with_a_queue::<u64>(capacity, &steps, u64::from)?;
        agrees_with_a_queue::<u8>(capacity, &steps, |item| item as u8)?;
        agrees_with_a_queue::<[u32; 16]>(capacity, &steps, |item| [item; 16])?;
        agrees_with_a_queue::<[u16; 300]>(capacity, &steps, |item| [item as u16; 300])?;
    }
}
