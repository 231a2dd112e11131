//! A recorded stream, sent again by a server, gives the rows of the recording.
