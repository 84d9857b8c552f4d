//! Tokens, stage stamps, histograms, jitter and their exporters.
