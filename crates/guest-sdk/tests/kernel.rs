//! What a kernel may and may not do with its context, through the host-side rig.

use wasm_engine_guest::testing::Rig;
use wasm_engine_guest::{Context, Error, Kernel, Level, kernel, log, pod_struct};

pod_struct! {
    #[derive(Debug, PartialEq)]
    struct Boid { at: [f32; 2], speed: [f32; 2] }
}

struct Flock;

impl Kernel for Flock {
    fn init(ctx: &Context) -> Result<Self, Error> {
        log!("{} boids", ctx.bytes("boids")? / 16);
        Ok(Flock)
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        let (last, new) = ctx.read_write::<Boid>("boids")?;
        let gain = ctx.param("gain")?;
        for (new, last) in new.iter_mut().zip(last) {
            new.at = [last.at[0] + gain * last.speed[0], last.at[1] + gain * last.speed[1]];
            new.speed = last.speed;
        }
        ctx.emit("stepped", &ctx.tick().to_le_bytes())
    }
}

kernel!(Flock);

const BOID: Boid = Boid { at: [1.0, 2.0], speed: [3.0, 4.0] };

#[test]
fn a_kernel_steps_its_state_and_speaks() {
    let mut rig = Rig::new().buffer("boids", &[BOID]).param("gain", 0.5);
    let mut flock: Flock = rig.init().unwrap();
    rig.tick(&mut flock).unwrap();
    rig.tick(&mut flock).unwrap();
    assert_eq!(rig.content::<Boid>("boids"), [Boid { at: [4.0, 6.0], speed: [3.0, 4.0] }]);
    assert_eq!(rig.take_log(), [(Level::Info, "1 boids".to_owned())]);
    assert_eq!(rig.take_events().len(), 2);
}

#[test]
fn a_new_content_is_handed_out_once_per_tick() {
    let mut rig = Rig::new().buffer("a", &[0u32; 4]).buffer("b", &[0u32; 4]);
    rig.with_context(|ctx| {
        let (a, b) = (ctx.write::<u32>("a")?, ctx.write::<u32>("b")?);
        a[0] = ctx.read::<u32>("a")?.len() as u32;
        b[3] = 7;
        assert_eq!(ctx.write::<u32>("a").unwrap_err(), Error::InUse("a"));
        Ok(())
    })
    .unwrap();
    assert_eq!((rig.content::<u32>("a")[0], rig.content::<u32>("b")[3]), (4, 7));
    rig.with_context(|ctx| ctx.write::<u32>("a").map(|_| ())).unwrap();
}

#[test]
fn what_is_not_granted_or_does_not_fit_is_refused() {
    let mut rig = Rig::new().read_only("input", &[1u8, 2, 3]).buffer("odd", &[0u8; 6]).param("p", 1.0);
    rig.with_context(|ctx| {
        assert_eq!(ctx.read::<u8>("other").unwrap_err(), Error::NoBuffer("other"));
        assert_eq!(ctx.read::<u8>("p").unwrap_err(), Error::NoBuffer("p"));
        assert_eq!(ctx.param("input").unwrap_err(), Error::NoParam("input"));
        assert_eq!(ctx.write::<u8>("input").unwrap_err(), Error::NotWritable("input"));
        assert_eq!(ctx.read::<u32>("odd").unwrap_err(), Error::WrongLayout("odd"));
        assert_eq!(ctx.read::<[u8; 0]>("odd").unwrap_err(), Error::WrongLayout("odd"));
        assert_eq!(ctx.write_range::<u8>("odd", 4..7).unwrap_err(), Error::OutOfRange("odd"));
        assert_eq!(ctx.write_share::<u8>("odd", 7).unwrap_err(), Error::OutOfRange("odd"));
        assert_eq!(ctx.read::<u8>("input")?, [1, 2, 3]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn shards_divide_the_work_without_gap_or_overlap() {
    for (len, shards) in [(0, 1), (1, 4), (10, 3), (100_000, 7), (usize::MAX, 64)] {
        let mut next = 0;
        for shard in 0..shards {
            let mut rig = Rig::new().shard(shard, shards);
            let range = rig.with_context(|ctx| Ok(ctx.shard_range(len))).unwrap();
            assert_eq!(range.start, next);
            assert!(range.len().abs_diff(len / shards as usize) <= 1);
            next = range.end;
        }
        assert_eq!(next, len);
    }
    let mut rig = Rig::new().buffer("a", &[0u32; 10]).shard(1, 2);
    rig.with_context(|ctx| {
        assert_eq!(ctx.write::<u32>("a").unwrap_err(), Error::Sharded("a"));
        ctx.write_share::<u32>("a", 10)?.fill(9);
        Ok(())
    })
    .unwrap();
    assert_eq!(rig.content::<u32>("a"), [0, 0, 0, 0, 0, 9, 9, 9, 9, 9]);
}

#[test]
fn clock_pointer_and_chance_are_given() {
    let mut rig = Rig::new().seed(5);
    rig.with_context(|ctx| {
        assert_eq!((ctx.tick(), ctx.pointer(), ctx.rng()), (0, None, ctx.rng()));
        Ok(())
    })
    .unwrap();
    let mut rig = rig.pointer(0.25, 0.5, 1);
    let pointer = rig.with_context(|ctx| Ok(ctx.pointer())).unwrap().unwrap();
    assert_eq!((pointer.x, pointer.y, pointer.buttons), (0.25, 0.5, 1));
}

#[test]
fn a_failed_tick_publishes_nothing() {
    let mut rig = Rig::new().buffer("a", &[1u32]);
    let failed: Result<(), Error> = rig.with_context(|ctx| {
        ctx.write::<u32>("a")?[0] = 2;
        Err(Error::new("no"))
    });
    assert_eq!(failed.unwrap_err().code(), 1);
    assert_eq!(rig.content::<u32>("a"), [1]);
}

#[test]
fn a_long_line_is_cut_at_a_character() {
    let mut rig = Rig::new();
    log!(Level::Warn, "{}", "é".repeat(2000));
    let log = rig.take_log();
    assert_eq!((log[0].0, log[0].1.len()), (Level::Warn, 1024));
}
