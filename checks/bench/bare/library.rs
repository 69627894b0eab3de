//! An empty library: what is linked with it asks for whatever has its name where it runs.

#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
