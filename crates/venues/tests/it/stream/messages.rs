//! Every recorded message of both exchanges is a row, something known, or a stated refusal.
