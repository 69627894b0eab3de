//! What the loader of glibc gives every program before the libraries that it needs: `/etc/ld.so.preload`,
//! ld.so(8).

/// The file with the names of those libraries.
pub const FILE: &str = "/etc/ld.so.preload";

/// What the file says without its comments, which reach from `#` to the end of a line (glibc's
/// elf/rtld.c).
pub fn uncommented(file: &str) -> String {
    let lines = file.lines();
    let said = lines.map(|line| line.split('#').next().unwrap_or_default());
    said.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_no_library() {
        let file = "# all of it\n/a.so /b.so # and no /c.so\n\n/d.so\n";
        let names: Vec<_> = uncommented(file)
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        assert_eq!(names, ["/a.so", "/b.so", "/d.so"]);
    }
}
