//! The driver of a GPU against the toolkit of an image, with libraries made for the test: their names
//! bear the versions of real ones.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Made, library, program};

/// The image with a program that uses CUDA in the place of its own.
pub fn with_toolkit(made: &Made) {
    let runtime = made.image("usr/local/cuda/lib64/libcudart.so.12.2.140");
    library(&runtime, "libcudart.so.12", &[]);
    let link = runtime.with_file_name("libcudart.so.12");
    symlink("libcudart.so.12.2.140", link).unwrap();
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    let path = ["-Wl,-rpath,/usr/local/cuda/lib64"];
    program(&made.image("usr/bin/app"), &runtime, &path);
}

#[test]
fn a_driver_is_as_new_as_the_toolkit_needs() {
    let made = Made::new();
    with_toolkit(&made);
    let judge = |version: &str| {
        let dir = format!("driver-{version}");
        let file = made.host(&format!("{dir}/libcuda.so.{version}"));
        library(&file, "libcuda.so.1", &[]);
        let (code, result) = made.judge(&format!("{dir}/libcuda.so.{version}"));
        (code, result["bindings"][0].clone())
    };
    let (code, binding) = judge("535.104.05");
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"works".into()),
        "{binding}"
    );
    assert_eq!(binding["binds"][0]["image"], "/opt/hpcctl/lib/libcuda.so.1");
    let (code, binding) = judge("470.82.01");
    assert_eq!(
        (code, &binding["verdict"]),
        (1, &"fails".into()),
        "{binding}"
    );
    assert_eq!(binding["because"][0]["rule"], "driver", "{binding}");
    assert!(
        binding["because"][0]["text"].to_string().contains("525"),
        "{binding}"
    );
    let compat = made.image("usr/local/cuda/compat/libcuda.so.535.104.05");
    library(&compat, "libcuda.so.1", &[]);
    let (code, binding) = judge("470.82.01");
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"degraded".into()),
        "{binding}"
    );
    assert!(
        binding["fix"]
            .to_string()
            .contains("/usr/local/cuda/compat"),
        "{binding}"
    );
}
