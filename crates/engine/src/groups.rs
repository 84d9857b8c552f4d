//! The kernels of a run: started together, ended one by one by a fault or a decision, begun anew all at once or one by one.

use std::ops::Range;

use rayon::ThreadPool;
use rayon::prelude::*;
use wasm_engine_sandbox::{Kernel, KernelError, LogLevel, LogLine, Pointer};
use wasm_engine_serve::protocol::{Decision, Permission, Scope};

use crate::error::Diagnostic;
use crate::limits;
use crate::params::Params;
use crate::policy::Right;
use crate::run_report::Fault;
use crate::wiring::KernelFactory;

/// The instances of one kernel, and the buffers they were granted.
pub(crate) struct KernelGroup {
    pub(crate) name: String,
    /// None are left once the kernel has ended: their memory and their windows are free again.
    pub(crate) shards: Vec<Kernel>,
    /// How it was started last, for the report.
    pub(crate) started: Started,
    /// Index into the ticker's buffers of every grant, in the kernel's own order.
    pub(crate) grants: Vec<usize>,
    /// Index into the ticker's buffers of every buffer that this kernel may write.
    pub(crate) writes: Vec<usize>,
    /// Surface over which the pointer means something to this kernel.
    pub(crate) pointer_surface: Option<usize>,
    /// The pointer as it was recorded last.
    pub(crate) pointer: Option<Pointer>,
    /// Set when the kernel has failed; it is not run again.
    pub(crate) fault: Option<Fault>,
}

/// How a kernel was started.
#[derive(Clone, Copy)]
pub(crate) struct Started {
    /// Instances.
    pub(crate) shards: usize,
    /// Whether its buffers are mapped into its memory; unknown where it has no instance.
    pub(crate) windows_mapped: Option<bool>,
}

/// One kernel in the report.
#[derive(Debug, Clone, serde::Serialize)]
pub struct KernelSummary {
    /// Name from the manifest.
    pub name: String,
    /// Instances it ran as.
    pub shards: usize,
    /// `running`, or the code of the fault that ended it.
    pub state: String,
    /// Times that a fault ended it. Beyond one it has begun anew in between.
    pub faults: u64,
    /// Whether its buffers are mapped into its memory, or copied in and out.
    pub windows: String,
}

/// All kernels of a run, in manifest order, and what starts them.
pub(crate) struct Groups {
    factory: KernelFactory,
    pub(crate) list: Vec<KernelGroup>,
    /// The workers, on which all instances of a kernel are called.
    pub(crate) pool: ThreadPool,
    /// Faults that ended kernels which have begun anew since, up to a bound.
    kept: Vec<Fault>,
    /// What there is to say of each kernel's time before, in the order of the list.
    past: Vec<Past>,
}

/// What one kernel has failed of so far.
#[derive(Default)]
struct Past {
    /// Faults that ended it before it began anew, those that are not kept among them.
    faults: u64,
    /// Code and message of the fault that was logged last, and how often it has come in a row.
    told: (String, String),
    times: u64,
}

impl Past {
    /// Logs a fault, and before it what the kernel has logged last. A fault that repeats itself, as it does in a kernel that is restarted again and again, is logged at the first,
    /// second, fourth, eighth time and so on, and so is the kernel's own line that it quotes.
    fn log(&mut self, Fault { part, code, message, tick, .. }: &Fault, lines: &[LogLine]) {
        if self.told.0 == *code && self.told.1 == *message {
            self.times += 1;
        } else {
            (self.told, self.times) = ((code.clone(), message.clone()), 1);
        }
        let is_told = self.times.is_power_of_two();
        let is_quoted = |line: &LogLine| line.level == LogLevel::Error && message.ends_with(&line.text);
        lines.iter().filter(|line| is_told || !is_quoted(line)).for_each(|line| log_guest(part, line));
        if is_told {
            let times = (self.times > 1).then_some(self.times);
            tracing::error!(kernel = part, code, tick, times, "{message}");
        }
    }
}

impl Groups {
    /// Starts every kernel, but those to which a right is denied.
    ///
    /// # Errors
    /// The first kernel that does not start.
    pub(crate) fn start(mut factory: KernelFactory, pool: ThreadPool, params: &Params) -> Result<Self, KernelError> {
        let list = (0..factory.len()).map(|index| factory.start(index, params, 0)).collect::<Result<Vec<_>, _>>();
        let list = list.inspect_err(|error| error.log.iter().for_each(|line| log_guest(&error.kernel, line)))?;
        let past = list.iter().map(|_| Past::default()).collect();
        Ok(Self { factory, list, pool, kept: Vec::new(), past })
    }

    /// Begins anew with all kernels, which were shut down: each has fresh instances, one that had failed as well. One that does not start has ended, and
    /// the others go on without it.
    pub(crate) fn restart(&mut self, params: &Params, tick: u64) {
        for index in 0..self.list.len() {
            self.begin(index, params, tick);
        }
    }

    /// The kernel of this name, if it may begin anew.
    ///
    /// # Errors
    /// `UNKNOWN_GUEST` when the manifest names no such kernel, `PERMISSION_DENIED` when a right of it is denied.
    pub(crate) fn find(&mut self, name: &str, tick: u64) -> Result<usize, Diagnostic> {
        let Some(index) = self.list.iter().position(|group| group.name == name) else {
            let names: Vec<_> = self.list.iter().map(|group| group.name.as_str()).collect();
            let hint = format!("the app's guests: {}", names.join(", "));
            return Err(Diagnostic::new("UNKNOWN_GUEST", format!("the app has no guest `{name}`")).with_hint(Some(hint)));
        };
        self.factory.verdict(index, tick).map_or(Ok(index), |fault| Err(fault.diagnostic()))
    }

    /// Begins anew with one kernel: fresh instances, the same seed, the buffers as they are. The other kernels do not notice.
    ///
    /// # Errors
    /// What the kernel has failed of at its start; it has ended then.
    pub(crate) fn restart_one(&mut self, index: usize, params: &Params, tick: u64) -> Result<(), Diagnostic> {
        self.shut_down_these(index..index + 1);
        self.begin(index, params, tick);
        self.list[index].fault.as_ref().map_or(Ok(()), |fault| Err(fault.diagnostic()))
    }

    /// Puts fresh instances in the place of a kernel that was shut down, or the fault that kept them from starting.
    fn begin(&mut self, index: usize, params: &Params, tick: u64) {
        self.set_aside(index);
        let group = &mut self.list[index];
        // Its memory is free again before that of the fresh instances is taken.
        group.shards.clear();
        *group = self.factory.start(index, params, tick).unwrap_or_else(|error| {
            let fault = Fault::of_kernel(&group.name, Some(tick), &error);
            self.past[index].log(&fault, &error.log);
            KernelGroup::held_back(fault)
        });
    }

    /// What has ended a kernel becomes a thing of its past.
    fn set_aside(&mut self, index: usize) {
        if let Some(fault) = self.list[index].fault.take() {
            self.past[index].faults += 1;
            if self.kept.len() < limits::FAULTS_KEPT {
                self.kept.push(fault);
            }
        }
    }

    /// Ends a kernel that has failed, and logs why.
    pub(crate) fn fail(&mut self, index: usize, fault: Fault) {
        let mut lines = Vec::new();
        self.list[index].shards.iter_mut().for_each(|kernel| kernel.drain_log(|line| lines.push(line)));
        self.past[index].log(&fault, &lines);
        self.list[index].end(fault);
    }

    /// A person's decision about a right.
    ///
    /// # Errors
    /// When the manifest grants no such right, or the decision cannot be kept.
    pub(crate) fn decide(&mut self, right: Right, decision: Option<Decision>, scope: Scope) -> Result<(), Diagnostic> {
        self.factory.decide(right, decision, scope)
    }

    /// Ends kernels to which a right that they have has been denied.
    pub(crate) fn enforce(&mut self, tick: u64) {
        for index in 0..self.list.len() {
            if self.list[index].fault.is_none()
                && let Some(fault) = self.factory.verdict(index, tick)
            {
                tracing::warn!(kernel = fault.part, code = fault.code, tick, "{}", fault.message);
                self.shut_down_these(index..index + 1);
                self.set_aside(index);
                self.list[index].end(fault);
            }
        }
    }

    /// What holds for every right.
    pub(crate) fn permissions(&self) -> Vec<Permission> {
        self.factory.permissions()
    }

    /// Gives kernels that are started from now on another seed.
    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.factory.set_seed(seed);
    }

    /// The seed of kernels that are started from now on.
    pub(crate) fn seed(&self) -> u64 {
        self.factory.seed()
    }

    /// Tells all kernels that the run is over for them.
    pub(crate) fn shut_down(&mut self) {
        self.shut_down_these(0..self.list.len());
    }

    /// Tells these kernels that the run is over for them, all of their instances at once: each may take its whole deadline. One that fails of it has ended with a fault.
    fn shut_down_these(&mut self, range: Range<usize>) {
        let groups = &mut self.list[range.clone()];
        let errors: Vec<_> = self.pool.install(|| groups.par_iter_mut().map(KernelGroup::shut_down).collect());
        for (index, error) in range.zip(errors) {
            match error {
                None => self.list[index].drain_log(),
                Some(error) => self.fail(index, Fault::of_kernel(&self.list[index].name, None, &error)),
            }
        }
    }

    /// What became of the kernels, and the faults that ended them: those from before a restart first, then how many of them were not kept.
    pub(crate) fn finish(mut self) -> (Vec<KernelSummary>, Vec<Fault>) {
        let kernels = self.list.iter().zip(&self.past).map(|(group, past)| group.summary(past.faults)).collect();
        let left_out = self.past.iter().map(|past| past.faults).sum::<u64>() - self.kept.len() as u64;
        if left_out > 0 {
            let problem = Diagnostic::new("FAULTS_LEFT_OUT", format!("{left_out} more faults of guests are left out here"));
            let hint = "`kernels` says how many each guest had; the log has those that do not repeat themselves";
            self.kept.push(Fault::of_engine(&problem.with_hint(Some(hint.to_owned()))));
        }
        self.kept.extend(self.list.into_iter().filter_map(|group| group.fault));
        (kernels, self.kept)
    }
}

impl KernelGroup {
    /// A kernel that was not started.
    pub(crate) fn held_back(fault: Fault) -> Self {
        Self {
            name: fault.part.clone(),
            shards: Vec::new(),
            started: Started { shards: 0, windows_mapped: None },
            grants: Vec::new(),
            writes: Vec::new(),
            pointer_surface: None,
            pointer: None,
            fault: Some(fault),
        }
    }

    /// Ends the kernel. Its instances go.
    pub(crate) fn end(&mut self, fault: Fault) {
        self.shards.clear();
        self.fault = Some(fault);
    }

    /// Tells the kernel that the run is over for it, unless it has failed. Of several instances that fail the first is told, whichever was done first.
    fn shut_down(&mut self) -> Option<KernelError> {
        let outcomes: Vec<_> = self.shards.par_iter_mut().map(Kernel::shutdown).collect();
        outcomes.into_iter().find_map(Result::err)
    }

    /// Passes on what the kernel has logged, in the order of its instances.
    pub(crate) fn drain_log(&mut self) {
        for kernel in &mut self.shards {
            kernel.drain_log(|line| log_guest(&self.name, &line));
        }
    }

    /// `past` is how often a fault had ended it before it began anew.
    fn summary(&self, past: u64) -> KernelSummary {
        KernelSummary {
            name: self.name.clone(),
            shards: self.started.shards,
            state: self.fault.as_ref().map_or_else(|| "running".to_owned(), |fault| fault.code.clone()),
            faults: past + u64::from(self.fault.is_some()),
            windows: self.started.windows_mapped.map_or("none", |mapped| if mapped { "mapped" } else { "copied" }).to_owned(),
        }
    }
}

/// Passes on a line that a kernel has logged.
fn log_guest(kernel: &str, line: &LogLine) {
    let text = &line.text;
    match line.level {
        LogLevel::Error => tracing::error!(target: "guest", kernel, "{text}"),
        LogLevel::Warn => tracing::warn!(target: "guest", kernel, "{text}"),
        LogLevel::Info => tracing::info!(target: "guest", kernel, "{text}"),
        LogLevel::Debug => tracing::debug!(target: "guest", kernel, "{text}"),
    }
}
