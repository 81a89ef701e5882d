use super::*;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

type Seen = Arc<Mutex<Vec<(Request, Vec<u8>)>>>;

fn add(name: &str) -> Request {
    Request::RedactAdd { name: name.to_owned() }
}

fn open(place: &Path) -> (Socket, Seen) {
    let seen = Seen::default();
    let seeing = Arc::clone(&seen);
    let socket = Socket::open(&[place.to_owned()], move |request, body| {
        let answer = if body.len() < 6 { Answer::TooShort } else { Answer::Done };
        seeing.lock().unwrap().push((request, body));
        answer
    });
    (socket.unwrap(), seen)
}

/// Scenario: a value is registered. Guarantees: the handler has seen it when the answer comes; only this user can get there;
/// nothing is left at the end.
#[test]
fn a_request_is_answered_and_nothing_is_left_behind() {
    let place = tempfile::tempdir().unwrap();
    let (socket, seen) = open(place.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(socket.path()), mode(socket.path().parent().unwrap())),
        (0o600, 0o700)
    );
    assert_eq!(send(socket.path(), &add("A"), b"a\nb c d").unwrap(), Answer::Done);
    assert_eq!(*seen.lock().unwrap(), [(add("A"), b"a\nb c d".to_vec())]);
    assert_eq!(send(socket.path(), &add("B"), b"").unwrap(), Answer::TooShort);
    let path = socket.path().to_owned();
    assert_eq!(
        socket.close(),
        SocketCounts {
            done: 2,
            ..SocketCounts::default()
        }
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    assert!(matches!(
        send(&path, &add("C"), b"value-c"),
        Err(ClientError::Connect(_))
    ));
}

/// Scenario: garbage, too much, and a client that says half and goes. Guarantees: each is refused, counted, and in nobody's
/// way.
#[test]
fn what_is_no_request_is_refused_and_counted() {
    let place = tempfile::tempdir().unwrap();
    let (socket, seen) = open(place.path());
    let mut garbage = UnixStream::connect(socket.path()).unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut said = String::new();
    garbage.read_to_string(&mut said).unwrap();
    assert!(said.contains("not a request"), "{said}");
    match send(socket.path(), &add("A"), &vec![b'x'; BODY_MAX + 1]).unwrap() {
        Answer::Refused { why } => assert!(why.contains("longer than 65536 bytes"), "{why}"),
        other => panic!("{other:?}"),
    }
    let mut half = UnixStream::connect(socket.path()).unwrap();
    half.write_all(b"{\"v\":1,\"body\":100,\"request\":{\"redact_add\":{\"name\":\"x\"}}}\nabc")
        .unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    half.read_to_string(&mut said).unwrap();
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(send(socket.path(), &add("A"), b"after all").unwrap(), Answer::Done);
    let counts = socket.close();
    assert_eq!((counts.done, counts.bad, counts.broken), (1, 2, 1));
}

/// Scenario: more clients at once than are answered at once, half of them silent. Guarantees: all others are answered.
#[test]
fn many_at_once_are_all_answered() {
    let place = tempfile::tempdir().unwrap();
    let (socket, seen) = open(place.path());
    let silent: Vec<_> = (0..8).map(|_| UnixStream::connect(socket.path()).unwrap()).collect();
    std::thread::scope(|scope| {
        for at in 0..40 {
            let path = socket.path();
            scope.spawn(move || {
                assert_eq!(
                    send(path, &add("N"), format!("value-{at}").as_bytes()).unwrap(),
                    Answer::Done
                );
            });
        }
    });
    drop(silent);
    assert_eq!(seen.lock().unwrap().len(), 40);
}

/// Scenario: runs were killed, another one lives, and a folder of somebody else's has a name like ours. Guarantees: only what
/// the dead left is taken away.
#[test]
fn the_next_run_takes_away_what_the_dead_left() {
    let place = tempfile::tempdir().unwrap();
    let dead = place.path().join(format!("{PREFIX}{}", Ulid::generate()));
    fs::create_dir(&dead).unwrap();
    drop(UnixListener::bind(dead.join(NAME)).unwrap());
    let other = place.path().join("sitelog-backup");
    fs::create_dir(&other).unwrap();
    let (alive, _) = open(place.path());
    let (next, _) = open(place.path());
    drop(next);
    assert!(!dead.exists() && other.exists());
    assert_eq!(send(alive.path(), &add("A"), b"still-there").unwrap(), Answer::Done);
}

/// Scenario: a folder for temporary files with a long path. Guarantees: the next place is taken.
#[test]
fn a_path_that_is_too_long_is_passed_over() {
    let place = tempfile::tempdir().unwrap();
    let long = place.path().join("x".repeat(90));
    fs::create_dir(&long).unwrap();
    let socket = Socket::open(&[long, place.path().to_owned()], |_, _| Answer::Done).unwrap();
    assert_eq!(socket.path().parent().and_then(Path::parent), Some(place.path()));
    let env = |name: &str| (name == "TMPDIR").then(|| PathBuf::from("relative"));
    assert_eq!(places(env), [PathBuf::from("/tmp")]);
}
