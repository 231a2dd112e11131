//! Files of reports: whole or not at all, and refused before the run where they cannot be.
use std::fs;
use std::path::PathBuf;

use qframe_lab::report::{ReportError, check_writable, write_atomically};

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn names(folder: &PathBuf) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_failed_report_leaves_the_old_one() {
    let folder = folder("failed");
    let path = folder.join("report.html");
    write_atomically(&path, |out| Ok(out.write_all(b"old")?)).unwrap();
    let failed = write_atomically(&path, |out| {
        out.write_all(b"half of the ne")?;
        Err(ReportError::NotKept)
    });
    let message = failed.unwrap_err().to_string();
    assert!(message.contains("report.html: cannot be written: the run kept no journal"), "{message}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    write_atomically(&path, |out| Ok(out.write_all(b"new")?)).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(&folder)), ("new", vec!["report.html".to_owned()]));
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_the_run() {
    let folder = folder("checked");
    let path = folder.join("report.html");
    check_writable(&path).unwrap();
    assert_eq!(names(&folder), Vec::<String>::new(), "the check leaves nothing");
    let missing = check_writable(&folder.join("no such folder").join("report.html")).unwrap_err().to_string();
    assert!(missing.ends_with("; make its folder first, or name another one"), "{missing}");
    let directory = check_writable(&folder).unwrap_err().to_string();
    assert!(directory.ends_with("it is a folder; name a file in it"), "{directory}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let folder = folder("links");
    let (target, link) = (folder.join("target.html"), folder.join("link.html"));
    fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    write_atomically(&link, |out| Ok(out.write_all(b"new")?)).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}
