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

#[test]
fn what_a_killed_run_left_is_overwritten() {
    // Each run had a name of its own for the file it writes first, and a killed one left it there for ever.
    let folder = folder("killed");
    let (path, partial) = (folder.join("report.html"), folder.join(".report.html.partial"));
    fs::write(&partial, "half of an older, longer report").unwrap();
    write_atomically(&path, |out| Ok(out.write_all(b"new")?)).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(&folder)), ("new", vec!["report.html".to_owned()]));
    fs::create_dir(&partial).unwrap();
    let message = check_writable(&path).unwrap_err().to_string();
    assert!(message.contains(".report.html.partial: ") && message.ends_with("; take it away"), "{message}");
}

#[test]
fn two_runs_do_not_write_one_file() {
    let path = folder("two").join("report.html");
    let second = write_atomically(&path, |out| {
        let first = check_writable(&path).unwrap_err().to_string();
        assert!(first.contains("another run is writing it"), "{first}");
        Ok(out.write_all(b"new")?)
    });
    second.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
}

#[test]
fn a_file_that_cannot_be_moved_is_kept_and_named() {
    let folder = folder("moved");
    let path = folder.join("report.html");
    let failed = write_atomically(&path, |out| {
        fs::create_dir_all(path.join("in the way"))?;
        Ok(out.write_all(b"new")?)
    });
    let message = failed.unwrap_err().to_string();
    assert!(message.contains("all of it is in ") && message.contains(".report.html.partial"), "{message}");
    assert_eq!(fs::read_to_string(folder.join(".report.html.partial")).unwrap(), "new");
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_opened_once() {
    // The check opened and closed it: its reader went away, and the report waited for another one for ever.
    let pipe = folder("pipe").join("report");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    check_writable(&pipe).unwrap();
    write_atomically(&pipe, |out| Ok(out.write_all(b"new")?)).unwrap();
    assert_eq!(reader.join().unwrap(), "new");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let failed = write_atomically("/dev/full".as_ref(), |out| Ok(out.write_all(b"new")?)).unwrap_err().to_string();
    assert!(failed.contains("/dev/full: cannot be written: No space left"), "{failed}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    use std::os::unix::fs::symlink;
    let folder = folder("links");
    let check = |link: &str, to: &str, target: &str| {
        symlink(to, folder.join(link)).unwrap();
        check_writable(&folder.join(link)).unwrap();
        write_atomically(&folder.join(link), |out| Ok(out.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read_to_string(folder.join(target)).unwrap(), "new", "{link}");
        assert!(fs::symlink_metadata(folder.join(link)).unwrap().is_symlink(), "{link}");
    };
    fs::write(folder.join("target.html"), "old").unwrap();
    check("link.html", "target.html", "target.html");
    // A link to a file that was not there became a file itself.
    check("dangling.html", "later.html", "later.html");
    check("first.html", "second.html", "second.html");
    fs::create_dir(folder.join("below")).unwrap();
    fs::remove_file(folder.join("second.html")).unwrap();
    symlink("below/end.html", folder.join("second.html")).unwrap();
    write_atomically(&folder.join("first.html"), |out| Ok(out.write_all(b"far")?)).unwrap();
    assert_eq!(fs::read_to_string(folder.join("below/end.html")).unwrap(), "far");
    symlink("none/report.html", folder.join("nowhere.html")).unwrap();
    let message = check_writable(&folder.join("nowhere.html")).unwrap_err().to_string();
    assert!(
        message.contains("it is a link to ") && message.contains("none/report.html, whose folder is missing"),
        "{message}"
    );
    symlink("circle.html", folder.join("circle.html")).unwrap();
    check_writable(&folder.join("circle.html")).unwrap_err();
}
