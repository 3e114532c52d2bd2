use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn entry(day: i64, result: &str, request: usize) -> Entry {
    let line = Line {
        id: 0,
        kind: Kind::Test,
        started: at(day),
        workbench: "http://one".to_owned(),
        username: None,
        model: "churn-prod/add".to_owned(),
        model_id: "1".to_owned(),
        key: "no key".to_owned(),
        ok: true,
        status: Some(200),
        failure: None,
        latency_ms: Some(1.5),
        replica_id: Some("add-1".to_owned()),
        size: Some(7),
        requests: 1,
        errors: 0,
        result: result.to_owned(),
    };
    let stored = serde_json::json!({
        "request": { "text": "1".repeat(request), "whole": true },
        "phases": crate::probe::Phases::default(),
    });
    Entry::from_stored(line, &stored.to_string()).unwrap()
}

fn results(path: &Path) -> Vec<String> {
    lines(path).unwrap().into_iter().map(|line| line.result).collect()
}

/// As another program with the file open would see it.
fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

#[test]
fn the_steps_of_the_schema_are_valid_and_can_be_applied_twice() {
    Migrations::from_slice(STEPS).validate().unwrap();
    let connection = Connection::open_in_memory().unwrap();
    for _ in 0..2 {
        connection.execute_batch(include_str!("../../../../assets/history/0001_first.sql")).unwrap();
    }
}

#[test]
fn entries_come_back_newest_first_and_only_the_owner_may_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("new/history.sqlite");
    assert!(lines(path).unwrap().is_empty() && !path.exists(), "reading creates nothing");
    let kept = entry(1, "first", 10);
    assert_eq!(add(path, at(1), &kept).unwrap(), 1);
    assert_eq!(add(path, at(1), &entry(1, "second", 0)).unwrap(), 2);
    assert_eq!(results(path), ["second", "first"]);
    let back = super::entry(path, 1).unwrap().unwrap();
    assert_eq!((back.line.id, &back.request, back.to_stored()), (1, &kept.request, kept.to_stored()));
    assert_eq!(Line { id: 0, ..back.line }, kept.line);
    assert_eq!(super::entry(path, 3).unwrap(), None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
    let journal: String = raw(path).pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!((journal.as_str(), fs::read_dir(path.parent().unwrap()).unwrap().count()), ("delete", 1));
}

#[test]
fn what_is_old_or_beyond_the_bounds_goes_with_the_next_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("history.sqlite");
    for day in [1, 10, 11] {
        add(path, at(11), &entry(day, &day.to_string(), 0)).unwrap();
    }
    add(path, at(100), &entry(100, "100", 0)).unwrap();
    assert_eq!(results(path), ["100", "11", "10"], "90 days");

    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100)
        INSERT INTO entry (kind, started, workbench, model, model_id, key, ok, latency_ms, requests, errors, result)
        SELECT 'run', ?1, '', '', '', '', 1, 0, 1, 0, i FROM n";
    raw(path).execute(fill, [at(100).as_millisecond()]).unwrap();
    let id = add(path, at(100), &entry(100, "last", 0)).unwrap();
    let kept = lines(path).unwrap();
    assert_eq!((kept.len(), kept[0].id, kept[9_999].id), (10_000, id, id - 9_999));
    assert_eq!(super::entry(path, 4).unwrap(), None, "its details went with it");
}

#[test]
fn large_entries_make_room_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("history.sqlite");
    let large = 8 << 20;
    for n in 0..12 {
        add(path, at(1), &entry(1, &n.to_string(), large)).unwrap();
    }
    let kept = results(path);
    assert!(kept[0] == "11" && kept.len() >= 6 && kept.len() < 9, "{kept:?}");
    assert!(fs::metadata(path).unwrap().len() < 90 << 20);
}

#[test]
fn several_writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("history.sqlite");
    private_file::write(path, b"").unwrap();
    // Connections of their own, as in other processes: nothing but SQLite's locks is between them.
    let write = |path: &Path, name: String| {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = Connection::open_with_flags(path, flags).unwrap();
        assert!(prepare(&mut connection).unwrap());
        Migrations::from_slice(STEPS).to_latest(&mut connection).unwrap();
        insert(&mut connection, at(1), &entry(1, &name, 100)).unwrap();
    };
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || (0..10).for_each(|n| write(path, format!("{writer}-{n}"))));
        }
    });
    assert_eq!(lines(path).unwrap().len(), 40);
}

#[test]
fn a_file_of_another_kind_or_age_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("history.sqlite");
    let refused = |what: &str, is: fn(&Error) -> bool| {
        let before = fs::read(path).unwrap();
        for error in [add(path, at(1), &entry(1, "x", 0)).unwrap_err(), lines(path).unwrap_err()] {
            assert!(is(&error), "{what}: {error}");
            assert!(!error.hint().is_empty() && !error.is_passing() && !error.is_no_place());
        }
        assert_eq!(fs::read(path).unwrap(), before, "{what}");
        fs::remove_file(path).unwrap();
    };
    let private = |bytes: &[u8]| private_file::write(path, bytes).unwrap();
    let broken: fn(&Error) -> bool = |error| matches!(error, Error::Broken { .. });
    private(b"not a database");
    refused("a text", broken);
    private(&vec![7; 10_000]);
    refused("noise", broken);

    private(b"");
    raw(path).execute_batch("CREATE TABLE theirs (x)").unwrap();
    refused("another program's", broken);

    add(path, at(1), &entry(1, "x", 0)).unwrap();
    raw(path).pragma_update(None, "user_version", 99).unwrap();
    refused("newer", |error| matches!(error, Error::Newer { .. }));

    add(path, at(1), &entry(1, "x", 0)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    refused("exposed", |error| matches!(error, Error::Exposed { mode: 0o644, .. }));

    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "").unwrap();
    symlink(&elsewhere, path).unwrap();
    assert!(matches!(add(path, at(1), &entry(1, "x", 0)), Err(Error::Unusable { .. })));
    assert_eq!(fs::read(&elsewhere).unwrap(), b"");
}

/// Root alone can make another user's file.
#[test]
fn a_file_of_another_owner_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("history.sqlite");
    private_file::write(path, b"").unwrap();
    if std::os::unix::fs::chown(path, Some(12_345), None).is_err() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    let error = add(path, at(1), &entry(1, "x", 0)).unwrap_err();
    assert!(error.to_string().contains("belongs to user 12345") && !error.is_no_place(), "{error}");
    assert_eq!(fs::read(path).unwrap(), b"");
}

#[test]
fn where_locks_are_not_to_be_had_nothing_is_written() {
    assert!(can_be_locked(Ok(())) && can_be_locked(Err(Errno::AGAIN)) && can_be_locked(Err(Errno::ACCESS)));
    for errno in [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL] {
        assert!(!can_be_locked(Err(errno)), "{errno}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_nothing_to_warn_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = add(&file.join("history.sqlite"), at(1), &entry(1, "x", 0)).unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    let error = add(Path::new("/proc/keybench/history.sqlite"), at(1), &entry(1, "x", 0)).unwrap_err();
    assert!(error.is_no_place(), "{error}");
}
