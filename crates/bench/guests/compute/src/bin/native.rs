//! The native arm: computes what lines on the standard input ask for, and answers with the time.
//!
//! `WHICH ROUNDS` → `NANOSECONDS CHECKSUM`, where the checksum is of the output's bits.

use std::hash::Hasher;
use std::io::{BufRead, Write};
use std::time::Instant;

use compute::{MOST_VECTORS, Which};
use wasm_engine_guest::{bytes_of, zeroed};

fn main() -> std::io::Result<()> {
    let mut input = vec![zeroed(); MOST_VECTORS];
    let mut output = input.clone();
    let mut answers = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let numbers: Vec<u32> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [which, rounds] = numbers[..] else { continue };
        let Some(which) = Which::of(which) else { continue };
        let (input, output) = (&mut input[..which.vectors()], &mut output[..which.vectors()]);
        which.fill(input);
        output.fill(zeroed());
        let begun = Instant::now();
        for _ in 0..rounds {
            which.run(std::hint::black_box(input), std::hint::black_box(output));
        }
        let nanos = begun.elapsed().as_nanos();
        // The default hasher has the same keys in every process.
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(bytes_of(output));
        writeln!(answers, "{nanos} {}", hasher.finish())?;
        answers.flush()?;
    }
    Ok(())
}
