//! A part of a processor, as Lambda gives it: a CPU cgroup with a quota, of version 1 or 2.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The quota is for slices of this length.
const PERIOD_MICROSECONDS: f64 = 20_000.0;
/// The memory size at which Lambda gives a whole processor, in MB.
const WHOLE_PROCESSOR: f64 = 1_769.0;

/// The part of a processor that Lambda gives at a memory size in MB.
pub fn share(memory: u32) -> f64 {
    f64::from(memory) / WHOLE_PROCESSOR
}

/// A place where groups can be made.
pub struct Cgroups {
    parent: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Cgroups {
    /// Looks for a place where this user can make groups, in the bench's own group and in those above it. The error says
    /// why there is none.
    pub fn find() -> Result<Self, String> {
        let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let (mounts, groups) = (read("/proc/self/mountinfo")?, read("/proc/self/cgroup")?);
        let (version, mount, own) = hierarchy(&mounts, &groups).ok_or("no cgroup file system with CPU quotas")?;
        let mut why = String::new();
        for parent in own.ancestors().take_while(|folder| folder.starts_with(&mount)) {
            let cgroups = Self { parent: parent.to_owned(), version };
            match cgroups.works() {
                Ok(()) => return Ok(cgroups),
                Err(error) => why = format!("{}: {error}", parent.display()),
            }
        }
        Err(why)
    }

    /// Makes a group. It has no quota yet.
    pub fn group(&self) -> io::Result<Group> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("bench-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let group = Group { folder: self.parent.join(name), version: self.version };
        fs::create_dir(&group.folder)?;
        Ok(group)
    }

    /// Tries all of it with a process.
    fn works(&self) -> io::Result<()> {
        let mut process = Command::new("/bin/sh").args(["-c", "read line"]).stdin(Stdio::piped()).spawn()?;
        let group = self.group();
        let tried = group.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string())).and_then(|group| {
            group.add(process.id())?;
            group.limit(1.0)
        });
        process.kill()?;
        process.wait()?;
        tried
    }
}

/// A group. It is removed when it is dropped, which must be after its processes ended.
pub struct Group {
    folder: PathBuf,
    version: Version,
}

impl Group {
    /// Adds a process.
    pub fn add(&self, pid: u32) -> io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// From now on its processes together get this part of a processor.
    pub fn limit(&self, share: f64) -> io::Result<()> {
        let quota = PERIOD_MICROSECONDS * share;
        match self.version {
            Version::One => {
                self.write("cpu.cfs_period_us", &format!("{PERIOD_MICROSECONDS:.0}"))?;
                self.write("cpu.cfs_quota_us", &format!("{quota:.0}"))
            }
            Version::Two => self.write("cpu.max", &format!("{quota:.0} {PERIOD_MICROSECONDS:.0}")),
        }
    }

    /// The file exists already, or the group has no quotas.
    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let failed = |error: io::Error| io::Error::new(error.kind(), format!("{file}: {error}"));
        let mut file = fs::OpenOptions::new().write(true).open(self.folder.join(file)).map_err(failed)?;
        io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that was killed is in its group for a moment.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The version, the mount point and the own group's folder of the hierarchy that has CPU quotas, from the kernel's lists
/// of mounts and of own groups.
fn hierarchy(mounts: &str, groups: &str) -> Option<(Version, PathBuf, PathBuf)> {
    let find = |version: Version| {
        let own = groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let has_quotas = match version {
                Version::One => controllers.split(',').any(|name| name == "cpu"),
                Version::Two => controllers.is_empty(),
            };
            has_quotas.then_some(path)
        })?;
        mounts.lines().find_map(|line| {
            let (mount, kind) = line.split_once(" - ")?;
            let (mount, kind): (Vec<_>, Vec<_>) = (mount.split(' ').collect(), kind.split(' ').collect());
            let is_it = match version {
                Version::One => kind.first() == Some(&"cgroup") && kind.last()?.split(',').any(|name| name == "cpu"),
                Version::Two => kind.first() == Some(&"cgroup2"),
            };
            let (root, point) = (mount.get(3)?, Path::new(mount.get(4)?));
            let own = Path::new(own).strip_prefix(root).unwrap_or(Path::new(""));
            is_it.then(|| (version, point.to_owned(), point.join(own)))
        })
    };
    find(Version::One).or_else(|| find(Version::Two))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hierarchy_with_quotas_is_found() {
        let one = "29 25 0:26 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
                   30 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
                   31 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
        let groups = "4:memory:/m\n3:cpuset:/\n2:cpu,cpuacct:/user/1\n0::/unified";
        let mount = PathBuf::from("/sys/fs/cgroup/cpu,cpuacct");
        assert_eq!(hierarchy(one, groups), Some((Version::One, mount.clone(), mount.join("user/1"))));
        let two = "29 25 0:26 /app.slice /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate";
        let mount = PathBuf::from("/sys/fs/cgroup");
        assert_eq!(
            hierarchy(two, "0::/app.slice/a.scope\n"),
            Some((Version::Two, mount.clone(), mount.join("a.scope")))
        );
        assert_eq!(hierarchy(two, "2:cpuset:/"), None);
        assert_eq!(hierarchy("1 2 0:1 / / rw - ext4 /dev/sda rw", "0::/"), None);
    }
}
