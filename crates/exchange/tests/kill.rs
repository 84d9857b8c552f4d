//! Kills processes at random moments of publish, acquire, push and pop, 10,000 times, while the other side goes on.
//!
//! Whoever is left must never be wedged and never accept content that is torn or out of order, and the next process must be able to take the dead one's place. This
//! file has its own `main`, because only a process with one thread may go on working in the child after a fork.

#![expect(unsafe_code, reason = "forks, kills, and shares a page with the children")]

#[cfg(not(all(target_os = "linux", not(miri), not(wasm_engine_loom))))]
fn main() {}

#[cfg(all(target_os = "linux", not(miri), not(wasm_engine_loom)))]
fn main() {
    linux::main();
}

#[cfg(all(target_os = "linux", not(miri), not(wasm_engine_loom)))]
mod linux {
    use bytemuck::{Pod, Zeroable};
    use std::{
        os::fd::OwnedFd,
        sync::atomic::{AtomicU64, Ordering},
        time::{Duration, Instant},
    };
    use wasm_engine_exchange::{Access, BufferId, Receiver, Region, RegionSpec, Sender, Writer};

    /// Each of the four kinds of process is killed so many times.
    const KILLS_EACH: usize = 2_500;
    /// So many live at once, each at a buffer and a lane of its own: on a busy machine most of a kill is waiting for the scheduler.
    const COLONY: usize = 25;
    const WORDS: usize = 512;
    const CAPACITY: usize = 64;
    /// The whole test must be over by then; if someone is wedged, the alarm ends it.
    const ALARM_SECONDS: u32 = 300;
    /// How a child says that it saw something wrong.
    const CLAIM_REFUSED: i32 = 41;
    const TORN: i32 = 42;
    const OUT_OF_ORDER: i32 = 43;

    #[derive(Clone, Copy, Pod, Zeroable, PartialEq, Debug)]
    #[repr(C)]
    struct Item {
        child: u64,
        number: u64,
        check: u64,
    }

    impl Item {
        fn new(child: u64, number: u64) -> Self {
            Item { child, number, check: mix(child ^ mix(number)) }
        }

        fn is_whole(self) -> bool {
            self == Item::new(self.child, self.number)
        }
    }

    fn mix(value: u64) -> u64 {
        let value = (value ^ value >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        value ^ value >> 29
    }

    /// Words that parent and one child share beside the region.
    struct Notes {
        /// Operations that the child has finished.
        steps: AtomicU64,
        /// Last item that a child of the receiving kind has taken.
        taken: AtomicU64,
    }

    pub(super) fn main() {
        // SAFETY: plain system call; the default action of the alarm ends the process.
        unsafe { libc::alarm(ALARM_SECONDS) };
        let spec = (0..COLONY)
            .fold(RegionSpec::new(), |spec, place| spec.buffer(&name(place), WORDS * 8).lane(&name(place), size_of::<Item>(), CAPACITY));
        let region = Region::create(&spec).expect("a small region");
        let notes = shared_notes();
        let start = Instant::now();
        for (kind, test) in
            [("publish", kill_writers as fn(&Region, &[Notes])), ("acquire", kill_readers), ("push", kill_senders), ("pop", kill_receivers)]
        {
            test(&region, notes);
            println!("{KILLS_EACH} killed in {kind}, {:.1?} so far", start.elapsed());
        }
    }

    fn name(place: usize) -> String {
        format!("place {place}")
    }

    fn buffer(region: &Region, place: usize) -> BufferId {
        region.buffer(&name(place)).expect("in the specification")
    }

    fn kill_writers(region: &Region, notes: &[Notes]) {
        let mut readers: Vec<_> = (0..COLONY).map(|place| region.reader(buffer(region, place)).expect("free")).collect();
        let observers: Vec<_> = (0..COLONY).map(|place| region.observer(buffer(region, place)).expect("any number")).collect();
        let mut copy = vec![0; WORDS * 8];
        kill_all(
            notes,
            |place, _| {
                let region = attach(region);
                let mut writer = region.writer(buffer(&region, place)).unwrap_or_else(|_| exit(CLAIM_REFUSED));
                loop {
                    fill(&mut writer);
                    writer.publish();
                    notes[place].steps.fetch_add(1, Ordering::Relaxed);
                }
            },
            |place| {
                let reader = &mut readers[place];
                let before = reader.generation();
                if reader.acquire() {
                    assert!(reader.generation() > before);
                }
                assert!(reader.generation() == 0 || is_of(reader.bytes(), reader.generation()), "torn content was acquired");
                if let Ok(generation) = observers[place].read_into(&mut copy) {
                    assert!(is_of(&copy, generation), "torn content was observed");
                }
            },
        );
        assert!(readers.iter().all(|reader| reader.generation() > 0), "the writers did publish");
    }

    fn kill_readers(region: &Region, notes: &[Notes]) {
        let mut writers: Vec<_> = (0..COLONY).map(|place| region.writer(buffer(region, place)).expect("free")).collect();
        kill_all(
            notes,
            |place, _| {
                let region = attach(region);
                let mut reader = region.reader(buffer(&region, place)).unwrap_or_else(|_| exit(CLAIM_REFUSED));
                loop {
                    let before = reader.generation();
                    let newer = if place % 2 == 0 { reader.wait(None) } else { reader.acquire() };
                    if newer && reader.generation() <= before {
                        exit(OUT_OF_ORDER);
                    }
                    if reader.generation() > 0 && !is_of(reader.bytes(), reader.generation()) {
                        exit(TORN);
                    }
                    notes[place].steps.fetch_add(1, Ordering::Relaxed);
                }
            },
            |place| {
                let before = writers[place].generation();
                fill(&mut writers[place]);
                assert_eq!(writers[place].publish(), before + 1, "the writer goes on");
            },
        );
    }

    fn kill_senders(region: &Region, notes: &[Notes]) {
        let mut receivers: Vec<_> = (0..COLONY).map(|place| region.lane_receiver::<Item>(&name(place)).expect("free")).collect();
        let mut next = [(0, 0); COLONY];
        kill_all(
            notes,
            |place, child| {
                let region = attach(region);
                let mut sender = region.lane_sender::<Item>(&name(place)).unwrap_or_else(|_| exit(CLAIM_REFUSED));
                send_for_ever(&mut sender, child, &notes[place])
            },
            |place| {
                let (child, number) = &mut next[place];
                while let Some(item) = receivers[place].pop() {
                    assert!(item.is_whole(), "a torn item was taken");
                    assert!(item.child >= *child, "an item of a process long dead came late");
                    if item.child > *child {
                        (*child, *number) = (item.child, 0);
                    }
                    assert_eq!(item.number, *number, "an item was lost or came twice");
                    *number += 1;
                }
            },
        );
        assert!(next.iter().all(|(child, _)| *child > 0), "the senders did send");
    }

    fn kill_receivers(region: &Region, notes: &[Notes]) {
        let mut senders = Vec::new();
        for place in 0..COLONY {
            // Takes whatever the senders before left.
            let mut receiver = region.lane_receiver::<Item>(&name(place)).expect("free");
            while receiver.pop().is_some() {}
            senders.push((region.lane_sender::<Item>(&name(place)).expect("free"), 1));
        }
        kill_all(
            notes,
            |place, _| {
                let region = attach(region);
                let mut receiver = region.lane_receiver::<Item>(&name(place)).unwrap_or_else(|_| exit(CLAIM_REFUSED));
                receive_for_ever(&mut receiver, &notes[place])
            },
            |place| {
                let (sender, number) = &mut senders[place];
                while sender.push(Item::new(0, *number)).is_ok() {
                    *number += 1;
                }
            },
        );
        assert!(notes[..COLONY].iter().all(|notes| notes.taken.load(Ordering::Relaxed) > 0), "the receivers did receive");
    }

    fn receive_for_ever(receiver: &mut Receiver<Item>, notes: &Notes) -> ! {
        let mut last = None;
        loop {
            let item = receiver.recv();
            if !item.is_whole() {
                exit(TORN);
            }
            let in_order = match last {
                Some(last) => item.number == last + 1,
                // The one before may have died after taking an item and before noting it here.
                None => (1..=2).contains(&(item.number - notes.taken.load(Ordering::Relaxed))),
            };
            if !in_order {
                exit(OUT_OF_ORDER);
            }
            last = Some(item.number);
            notes.taken.store(item.number, Ordering::Relaxed);
            notes.steps.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn send_for_ever(sender: &mut Sender<Item>, child: u64, notes: &Notes) -> ! {
        let mut number = 0;
        loop {
            if number % 3 == 0 {
                let items: [Item; 5] = std::array::from_fn(|offset| Item::new(child, number + offset as u64));
                number += sender.push_slice(&items) as u64;
            }
            sender.send(Item::new(child, number));
            number += 1;
            notes.steps.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn fill(writer: &mut Writer) {
        let generation = writer.generation() + 1;
        for (word, offset) in writer.bytes_mut().chunks_exact_mut(8).zip(0_u64..) {
            word.copy_from_slice(&(generation * 1_000_003 + offset).to_le_bytes());
        }
    }

    fn is_of(bytes: &[u8], generation: u64) -> bool {
        bytes.chunks_exact(8).zip(0_u64..).all(|(word, offset)| word == (generation * 1_000_003 + offset).to_le_bytes())
    }

    /// The child's own attachment: it shares neither locks nor handles with the parent.
    fn attach(region: &Region) -> Region {
        let fd: OwnedFd = region.as_fd().expect("shared").try_clone_to_owned().expect("descriptors are left");
        Region::attach(fd, Access::ReadWrite).expect("it is a region")
    }

    fn shared_notes() -> &'static [Notes] {
        // SAFETY: a fresh anonymous mapping, never unmapped, zeroed, aligned and long enough; the type has only atomics in it.
        unsafe {
            let bytes = COLONY * size_of::<Notes>();
            let page =
                libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS, -1, 0);
            assert_ne!(page, libc::MAP_FAILED);
            std::slice::from_raw_parts(page.cast::<Notes>(), COLONY)
        }
    }

    struct Child {
        pid: libc::pid_t,
        place: usize,
        /// When to kill it; none until it has begun.
        end: Option<Instant>,
    }

    /// Starts colony after colony of processes that run `body`, does `work` for each of them, kills them at random moments, and makes sure that none had anything to
    /// complain of.
    fn kill_all(notes: &[Notes], body: impl Fn(usize, u64), mut work: impl FnMut(usize)) {
        let mut children = 0;
        while children < KILLS_EACH {
            let begun = Instant::now();
            let mut alive = Vec::new();
            for (place, notes) in notes.iter().enumerate() {
                children += 1;
                notes.steps.store(0, Ordering::Relaxed);
                alive.push(Child { pid: fork(|| body(place, children as u64)), place, end: None });
            }
            let pids: Vec<_> = alive.iter().map(|child| child.pid).collect();
            while !alive.is_empty() {
                alive.iter().for_each(|child| work(child.place));
                let now = Instant::now();
                alive.retain_mut(|child| child.goes_on(now, &notes[child.place]));
                assert!(begun.elapsed() < Duration::from_secs(60), "some children got nowhere");
                std::thread::yield_now();
            }
            pids.into_iter().for_each(reap);
            (0..COLONY).for_each(&mut work);
        }
    }

    /// Runs `body` in a child that only a signal ends.
    fn fork(body: impl FnOnce()) -> libc::pid_t {
        // SAFETY: this process has one thread, so the child may do all that the parent may.
        let pid = unsafe { libc::fork() };
        assert_ne!(pid, -1, "no more processes");
        if pid == 0 {
            // SAFETY: plain system call: should the parent die first, this process must not run for ever.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            body();
            unreachable!("bodies do not return");
        }
        pid
    }

    impl Child {
        /// False once it has been killed, or has ended by itself.
        fn goes_on(&mut self, now: Instant, notes: &Notes) -> bool {
            match self.end {
                None if notes.steps.load(Ordering::Relaxed) > 0 => {
                    self.end = Some(now + Duration::from_nanos(mix(self.pid.unsigned_abs().into()) % 100_000))
                }
                None if self.has_ended() => return false,
                Some(end) if end <= now => {
                    // SAFETY: plain system call on our own child, which has not been reaped.
                    unsafe { libc::kill(self.pid, libc::SIGKILL) };
                    return false;
                }
                _ => {}
            }
            true
        }

        /// Whether it ended by itself, which it does only to complain. Does not reap it.
        fn has_ended(&self) -> bool {
            // SAFETY: plain system call; zeros are a valid `siginfo_t`, which outlives the call.
            unsafe {
                let mut info: libc::siginfo_t = std::mem::zeroed();
                libc::waitid(libc::P_PID, self.pid.unsigned_abs(), &raw mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT);
                info.si_pid() != 0
            }
        }
    }

    fn reap(pid: libc::pid_t) {
        let mut status = 0;
        // SAFETY: plain system call on our own child, which has not been reaped; `status` outlives the call.
        let reaped = unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert_eq!(reaped, pid);
        assert!(libc::WIFSIGNALED(status), "a child ended with code {}", libc::WEXITSTATUS(status));
    }

    fn exit(code: i32) -> ! {
        // SAFETY: ends the process at once, without running anything that belongs to the parent.
        unsafe { libc::_exit(code) }
    }
}
