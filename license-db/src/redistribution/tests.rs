//! The table against names of real files.

use super::*;

/// The pairs of a table.
fn pairs(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| line.split_once(' '))
}

fn terms_at(path: &str) -> Option<&'static str> {
    found(&Subject {
        path,
        ..Subject::default()
    })
}

fn found(subject: &Subject<'_>) -> Option<&'static str> {
    let found = Finder::new().terms_of(subject);
    found.first().map(|found| &*found.terms.id)
}

/// Names of real files, each with its row.
const FILES: &str = "
usr/lib/x86_64-linux-gnu/libcuda.so.550.54.15 nvidia.driver
usr/lib64/libnvidia-ml.so.1 nvidia.driver
usr/lib64/libnvidia-ptxjitcompiler.so.535.129.03 nvidia.driver
usr/bin/nvidia-smi nvidia.driver
lib/firmware/nvidia/550.54.15/gsp_ga10x.bin nvidia.driver
usr/lib/x86_64-linux-gnu/libnvidia-container.so.1.14.3 nvidia.container-toolkit
usr/lib/x86_64-linux-gnu/libnvidia-egl-wayland.so.1.1.13 nvidia.driver-open
usr/local/cuda-12.4/compat/libcuda.so.550.54.15 nvidia.cuda-compat
usr/local/cuda-12.4/compat/libnvidia-ptxjitcompiler.so.550.54.15 nvidia.cuda-compat
usr/local/cuda-12.4/targets/x86_64-linux/lib/stubs/libcuda.so nvidia.cuda-stubs
usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12.4.127 nvidia.cuda-listed
usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart_static.a nvidia.cuda-listed
usr/local/cuda/nvvm/libdevice/libdevice.10.bc nvidia.cuda-listed
usr/local/cuda/extras/CUPTI/lib64/libcupti.so.12 nvidia.cuda-listed
usr/local/cuda/include/cuda_fp16.h nvidia.cuda-listed
usr/lib/python3/dist-packages/torch/lib/libcudart-d0da41ae.so.11.0 nvidia.cuda-listed
usr/local/cuda-12.4/compat/libnvidia-nvvm.so.550.54.15 nvidia.cuda-compat-rest
usr/local/cuda-12.4/targets/x86_64-linux/lib/libnvJitLink.so.12.4.127 nvidia.cuda-listed-2026
usr/local/cuda-12.4/gds/lib/libcufile.so.0 nvidia.cuda-listed-2026
usr/local/cuda-12.4/targets/x86_64-linux/include/cuda.h nvidia.cuda-listed-2026
opt/v/lib/python3.12/site-packages/nvidia/cu13/include/cuda_fp8.hpp nvidia.cuda-listed-2026
usr/local/cuda-12.4/include/cuda_pipeline_helpers.h nvidia.cuda-listed-2026
usr/local/cuda-12.4/lib64/libcusolverMg.so.11 nvidia.cuda-runtime-unlisted
usr/local/cuda-12.4/lib64/libcufft_static_nocallback.a nvidia.cuda-runtime-unlisted
usr/local/cuda-12.4/bin/nvcc nvidia.cuda-toolkit
usr/local/cuda-12.4/include/cublas_v2.h nvidia.cuda-toolkit
opt/v/lib/python3.12/site-packages/nvidia/cu13/include/cublas_v2.h nvidia.cuda-toolkit
usr/local/cuda-12.4/EULA.txt nvidia.terms
usr/local/cuda-12.4/include/thrust/sort.h nvidia.cccl
opt/v/lib/python3.12/site-packages/nvidia/cu13/include/cccl/cub/cub.cuh nvidia.cccl
usr/local/cuda-12.4/bin/cuda-gdb nvidia.cuda-toolkit
opt/nvidia/nsight-compute/2024.1.1/ncu nvidia.cuda-toolkit
srv/bin/ptxas nvidia.cuda-toolkit
opt/venv/lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn_ops.so.9 nvidia.cudnn
usr/include/cudnn_version.h nvidia.cudnn
usr/lib/x86_64-linux-gnu/libcudnn_ops_static_v9.a nvidia.cudnn-rest
opt/v/lib/python3.12/site-packages/nvidia/nvshmem/lib/libnvshmem_device_sm_90.bc nvidia.nvshmem
usr/lib/x86_64-linux-gnu/libnccl.so.2.21.5 nvidia.nccl
usr/lib/x86_64-linux-gnu/libnvinfer_plugin.so.10 nvidia.tensorrt
usr/lib/x86_64-linux-gnu/libnvonnxparser.so.10 nvidia.tensorrt-builder
usr/lib/x86_64-linux-gnu/libnvinfer_lean.so.10 nvidia.tensorrt-builder
usr/src/tensorrt/bin/trtexec nvidia.tensorrt-builder
opt/lib/libcusolverMp.so.0 nvidia.math-libraries
opt/lib/libcusparseLt.so.0 nvidia.sdk-runtime
usr/lib/python3/dist-packages/torch/lib/libcusparseLt-f80c68d1.so.0 nvidia.sdk-runtime
opt/lib/libcutensor_static.a nvidia.sdk-static
opt/lib/libcustatevec.so.1 nvidia.cuquantum
opt/lib/libcublasmp.so.0 nvidia.cublasmp
opt/nvidia/hpc_sdk/Linux_x86_64/24.5/REDIST/compilers/lib/libnvf.so nvidia.hpc-sdk-redist
opt/nvidia/hpc_sdk/Linux_x86_64/24.5/compilers/bin/nvfortran nvidia.hpc-sdk
opt/nvidia/hpc_sdk/Linux_x86_64/24.5/compilers/lib/libnvc.so nvidia.hpc-sdk-redist
opt/mellanox/sharp/lib/libsharp_coll.so.5 nvidia.sharp
opt/hpcx-v2.18-gcc/ucx/lib/libucp.so.0 nvidia.hpcx
opt/hpcx-v2.18-gcc/hcoll/lib/libhcoll.so.1 nvidia.sharp
usr/lib/x86_64-linux-gnu/libibverbs.so.1.14.39 linux-rdma.rdma-core
opt/intel/oneapi/mpi/2021.13/lib/libmpi.so.12.0.0 intel.mpi-runtime
opt/intel/oneapi/mpi/2021.13/bin/mpiexec.hydra intel.mpi-runtime
opt/intel/oneapi/mpi/2021.13/bin/mpiifx intel.mpi-development
opt/intel/oneapi/mpi/2021.13/bin/mpicc intel.mpi-development
opt/intel/oneapi/mpi/2021.13/include/mpi.h intel.mpi-development
opt/intel/oneapi/compiler/2024.2/lib/libiomp5.so intel.runtime-listed
opt/intel/oneapi/compiler/2024.2/lib/libifcoremt.so.5 intel.runtime-listed
opt/intel/oneapi/compiler/2024.2/lib/libicaf.so intel.runtime-listed
opt/intel/oneapi/compiler/2024.2/lib/libomptarget.so intel.runtime-listed
opt/intel/oneapi/compiler/2024.2/lib/libsvml.so intel.runtime-older
opt/intel/oneapi/compiler/2025.0/lib/libsycl.so.8 intel.runtime-older
opt/intel/oneapi/compiler/2025.0/lib/libur_adapter_level_zero.so.0 intel.runtime-older
opt/intel/oneapi/compiler/2025.0/lib/libur_adapter_opencl.so.0 intel.runtime-unlisted
opt/intel/oneapi/compiler/2024.2/lib/libqkmalloc.so intel.runtime-unlisted
opt/intel/oneapi/ccl/2021.13/lib/libccl.so.1 intel.performance-libraries
opt/intel/oneapi/ipp/2026.1/lib/libippsk0.so.12 intel.performance-libraries
opt/intel/oneapi/itac/2022.1/bin/stftool intel.compilers
opt/intel/oneapi/compiler/2024.2/bin/icx intel.compilers
opt/intel/oneapi/compiler/2024.2/bin/compiler/clang intel.oneapi
opt/intel/oneapi/vtune/2024.2/bin64/vtune intel.compilers
opt/intel/oneapi/mkl/2024.2/lib/libmkl_core.so.2 intel.mkl
opt/intel/oneapi/mpi/2021.13/share/doc/mpi/licensing/license.txt intel.terms
opt/conda/lib/libtbb.so.12 intel.tbb
opt/cray/pe/mpich/8.1.29/ofi/gnu/12.3/lib/libmpi_gnu_123.so.12.0.0 hpe.cray-pe
opt/cray/pe/cce/17.0.1/bin/craycc hpe.cray-pe
usr/local/lib/libmpi_cray.so.12 hpe.cray-pe
usr/local/lib/libsci_gnu_82_mpi.so.5 hpe.cray-pe
opt/cray/libfabric/1.15.2.0/lib64/libfabric.so.1 hpe.cray-system
usr/lib64/libcxi.so.1 hpe.cray-system
usr/lib64/libxpmem.so.0 hpe.cray-system
opt/hpe/hpc/mpt/mpt-2.27/lib/libmpi.so hpe.mpt
opt/rocm-6.1.0/lib/libamdhip64.so.6 amd.rocm
opt/rocm-6.1.0/bin/rocgdb amd.rocm-copyleft
opt/rocm-6.1.0/lib/libhsa-amd-aqlprofile64.so.1 amd.aqlprofile
opt/rocm-7.13.0/lib/librocprof-trace-decoder.so.0.2.0 amd.aqlprofile
v/lib/python3.11/site-packages/aoclda.libs/libomp-75ed4440.so amd.aocl-wheel
opt/AMD/aocl/aocl-linux-aocc-4.2.0/lib/libblis-mt.so.4 amd.aocl
opt/AMD/aocc-compiler-4.2.0/bin/clang amd.aocc
opt/AMD/aocc-compiler-4.2.0/lib/libomp.so amd.aocc-runtime
opt/ibm/spectrum_mpi/lib/libmpi_ibm.so.3 ibm.spectrum-mpi
opt/pbs/lib/libpbs.so.0 altair.pbs
opt/pbs/bin/qsub altair.pbs
usr/local/lib/libtorque.so.2 adaptive.torque
usr/lib/x86_64-linux-gnu/libslurm.so.38.0.0 schedmd.slurm
usr/bin/srun schedmd.slurm
usr/local/MATLAB/R2023b/bin/glnxa64/MATLAB mathworks.matlab
usr/local/MATLAB/MATLAB_Runtime/R2023b/runtime/glnxa64/libmwmclmcrrt.so.23.2 mathworks.runtime
usr/local/MATLAB/MATLAB_Runtime/R2023b/toolbox/x.m mathworks.runtime
ansys_inc/v241/fluent/bin/fluent ansys
usr/local/bin/vasp_std vasp
home/u/run/POTCAR vasp
sw/g16/l502.exel gaussian
opt/arm/armpl_24.10_gcc/lib/libarmpl_lp64.so arm.performance-libraries
srv/gamess/bin/gamess.00.x gamess
opt/UCSF/Chimera64-1.17/bin/chimera ucsf.chimera
opt/oracle/lib/ojdbc11.jar oracle.jdbc
usr/share/fonts/calibri.ttf microsoft.windows-fonts
opt/SIMULIA/EstProducts/2023/linux_a64/code/bin/standard dassault.abaqus
usr/local/comsol62/multiphysics/bin/comsol comsol
opt/Siemens/18.06.006/STAR-CCM+18.06.006/star/bin/starccm+ siemens.star-ccm
opt/toolworks/totalview.2024.1/bin/totalview perforce.totalview
opt/linaro/forge/23.1/bin/ddt linaro.forge
opt/gurobi1103/linux64/lib/libgurobi110.so gurobi
opt/ibm/ILOG/CPLEX_Studio2211/cplex/bin/x86-64_linux/cplex ibm.cplex
home/u/mosek/10.1/tools/platform/linux64x86/bin/libmosek64.so.10.1 mosek
usr/share/fonts/truetype/msttcorefonts/Arial.ttf microsoft.fonts
usr/local/flexlm/bin/lmgrd flexera.flexlm
";

#[test]
fn files_by_path() {
    for (path, id) in pairs(FILES) {
        assert_eq!(terms_at(path), Some(id), "{path}");
    }
}

#[test]
fn files_that_no_row_is_for() {
    for path in [
        "usr/lib/x86_64-linux-gnu/libc.so.6",
        "usr/lib/x86_64-linux-gnu/libcurl.so.4",
        "usr/lib/x86_64-linux-gnu/libmpi.so.40",
        "usr/lib/x86_64-linux-gnu/libmpich.so.12",
        "usr/lib/x86_64-linux-gnu/libOpenCL.so.1",
        "usr/lib/x86_64-linux-gnu/libblas.so.3",
        "usr/lib/x86_64-linux-gnu/libopenblas.so.0",
        "usr/lib/x86_64-linux-gnu/libfabric.so.1",
        "usr/share/doc/nvcc",
        "usr/share/man/man1/srun.1.gz",
        "home/u/matlab/script.m",
        "usr/lib/python3/dist-packages/tecplot/__init__.py",
        "usr/lib/python3/dist-packages/vasp/__init__.py",
        "usr/lib/python3/dist-packages/ansys/__init__.py",
        "opt/conda/lib/python3.11/site-packages/abaqus2py/run.py",
        "usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
        "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "usr/share/doc/libcurl4/copyright",
        "usr/share/doc/libnvme1/copyright",
        "usr/lib/llvm-14/lib/libomptarget.so",
        "usr/lib/libccl.so.1",
        "opt/app/bin/app",
        "usr/local/bin/gcc",
        "",
    ] {
        assert_eq!(terms_at(path), None, "{path}");
    }
}

/// Packages, each with the row of a file that no row names.
const PACKAGES: &str = "
pkg:pypi/nvidia-cuda-runtime-cu12@12.9.79 nvidia.cuda-toolkit
pkg:pypi/nvidia-cufft-cu12@11.4.1.4 nvidia.cuda-toolkit
pkg:pypi/nvidia-cufftmp-cu12@11.4.0.6 nvidia.math-libraries
pkg:pypi/nvidia-nvjpeg2k-cu12@0.11.0.51 nvidia.sdk-runtime
pkg:pypi/nvidia-nccl-cu12@2.21.5 nvidia.nccl
pkg:pypi/nvidia-cudnn-cu12@9.1.0.70 nvidia.cudnn-rest
pkg:pypi/impi-rt@2021.19.0 intel.mpi-runtime
pkg:pypi/mkl@2026.2.0 intel.mkl
pkg:pypi/gurobipy@11.0.3 gurobi
pkg:deb/ubuntu/cuda-nvcc-12-4@12.4.131-1?arch=amd64 nvidia.cuda-toolkit
pkg:deb/debian/libcuda1@535.183?arch=amd64 nvidia.driver
pkg:rpm/sles/cray-mpich-8.1.29-gnu@8.1.29-1?arch=x86_64 hpe.cray-pe
pkg:generic/cray-mpich@8.1.29?elf=soname hpe.cray-pe
pkg:generic/intel-mpi@2021.13?elf=soname intel.mpi-runtime
pkg:rpm/redhat/openpbs-server@23.06.06-0?arch=x86_64 openpbs.openpbs
pkg:deb/debian/slurm-wlm@22.05.8 schedmd.slurm
pkg:conda/cudatoolkit@11.8.0?channel=conda-forge nvidia.cuda-toolkit
pkg:conda/numpy@1.26.4?build=py311&channel=main&subdir=linux-64 anaconda.defaults
pkg:conda/r-base@4.3?channel=r&subdir=linux-64 anaconda.defaults
pkg:rpm/redhat/bash@5.1.8?arch=x86_64 redhat.rhel
";

#[test]
fn packages() {
    for (purl, id) in pairs(PACKAGES) {
        let subject = Subject {
            path: "opt/some/file",
            purl: Some(purl),
            ..Subject::default()
        };
        assert_eq!(found(&subject), Some(id), "{purl}");
    }
    for purl in [
        "pkg:conda/numpy@1.26.4?channel=conda-forge",
        "pkg:conda/r-base@4.3?channel=robust",
        "pkg:pypi/numpy@1.26.4",
        "pkg:rpm/almalinux/bash@5.1.8",
        "pkg:deb/debian/libc6@2.36",
    ] {
        let subject = Subject {
            path: "opt/some/file",
            purl: Some(purl),
            ..Subject::default()
        };
        assert_eq!(found(&subject), None, "{purl}");
    }
}

#[test]
fn a_library_is_known_under_another_name() {
    let subject = Subject {
        path: "opt/app/lib/libgpu-helper.so",
        soname: Some("libcuda.so.1"),
        ..Subject::default()
    };
    let found = Finder::new().terms_of(&subject);
    assert_eq!(found[0].terms.id, "nvidia.driver");
    assert_eq!(found[0].by, MatchedBy::Soname);
    assert_eq!(found[0].pattern, "libcuda.so.*");
    let renamed = Subject {
        soname: Some("libharmless.so.1"),
        ..subject
    };
    assert!(Finder::new().terms_of(&renamed).is_empty());
}

#[test]
fn a_name_that_vendors_share_with_a_free_work_tells_only_under_another() {
    for (path, soname, purl, id) in [
        (
            "opt/x/libfoo.so",
            "libmpi.so.12",
            None,
            Some("mpich-abi.renamed"),
        ),
        (
            "opt/x/libmpi-foo.so.12",
            "libmpi.so.12",
            None,
            Some("mpich-abi.renamed"),
        ),
        (
            "opt/x/foo",
            "libmpifort.so.12",
            None,
            Some("mpich-abi.renamed"),
        ),
        ("opt/mpich/lib/libmpi.so.12.4.1", "libmpi.so.12", None, None),
        (
            "opt/x/libfoo.so",
            "libmpi.so.12",
            Some("pkg:pypi/mpich@5.0.2"),
            None,
        ),
        ("opt/x/libfoo.so", "libmpi.so.40", None, None),
        ("usr/lib/libmpich.so.12.2", "libmpich.so.12", None, None),
        (
            "opt/intel/oneapi/mpi/2021.13/lib/libmpi.so.12.0.0",
            "libmpi.so.12",
            None,
            Some("intel.mpi-runtime"),
        ),
    ] {
        let subject = Subject {
            path,
            soname: Some(soname),
            purl,
            ..Subject::default()
        };
        assert_eq!(found(&subject), id, "{path}");
    }
    assert!(names_library("libmpi.so.12"));
}

#[test]
fn the_file_is_stronger_than_its_package_and_that_than_its_tree() {
    let of = |path, purl| {
        found(&Subject {
            path,
            purl,
            ..Subject::default()
        })
    };
    let purl = Some("pkg:pypi/nvidia-cuda-runtime-cu12@12.9.79");
    let lib = "v/lib/python3.11/site-packages/nvidia/cuda_runtime/lib/libcudart.so.12";
    let header = "v/lib/python3.11/site-packages/nvidia/cuda_runtime/include/builtin_types.h";
    let text = "v/lib/python3.11/site-packages/nvidia_cuda_runtime_cu12-12.9.79.dist-info/METADATA";
    assert_eq!(of(lib, purl), Some("nvidia.cuda-listed"));
    assert_eq!(of(header, purl), Some("nvidia.cuda-toolkit"));
    assert_eq!(of(text, purl), Some("nvidia.terms"));
    let package = Some("pkg:deb/ubuntu/intel-oneapi-mpi-2021.13@2021.13.1-769?arch=amd64");
    let file = "opt/intel/oneapi/mpi/2021.13/etc/tuning.dat";
    assert_eq!(of(file, package), Some("intel.mpi-runtime"));
    assert_eq!(of(file, None), Some("intel.oneapi"));
}

#[test]
fn terms_of_a_channel_hold_beside_those_of_a_product() {
    let found = Finder::new().terms_of(&Subject {
        path: "opt/conda/lib/libmkl_core.so.2",
        purl: Some("pkg:conda/mkl@2023.1.0?build=h213&channel=main&subdir=linux-64"),
        ..Subject::default()
    });
    let ids: Vec<&str> = found.iter().map(|found| &*found.terms.id).collect();
    assert_eq!(ids, ["intel.mkl", "anaconda.defaults"]);
}

#[test]
fn an_image_may_show_that_other_terms_hold() {
    let bash = Subject {
        path: "usr/bin/bash",
        purl: Some("pkg:rpm/redhat/bash@5.1.8?arch=x86_64"),
        ..Subject::default()
    };
    let mut finder = Finder::new();
    finder.see("root/buildinfo/content_manifests/ubi9-container-9.4-1123.json");
    assert_eq!(finder.terms_of(&bash)[0].terms.id, "redhat.ubi");
    let mut finder = Finder::new();
    finder.see("NGC-DL-CONTAINER-LICENSE");
    let toolkit = Subject {
        path: "usr/local/cuda-12.4/include/cublas_v2.h",
        ..Subject::default()
    };
    assert_eq!(finder.terms_of(&toolkit)[0].terms.id, "nvidia.base-image");
    assert_eq!(finder.terms_of(&bash)[0].terms.id, "redhat.rhel");
}

#[test]
fn the_top_of_a_tree() {
    let path = "opt/nvidia/hpc_sdk/Linux_x86_64/24.5/compilers/bin/nvc";
    assert_eq!(top_of("**/hpc_sdk/**", path), "opt/nvidia/hpc_sdk");
    assert_eq!(
        top_of("usr/local/cuda-*/**", "usr/local/cuda-12.4/a/b"),
        "usr/local/cuda-12.4"
    );
    assert_eq!(
        top_of("libcuda.so.*", "usr/lib/libcuda.so.1"),
        "usr/lib/libcuda.so.1"
    );
    assert!(names_library("libcuda.so.1") && !names_library("libc.so.6"));
}

#[test]
fn every_row_is_whole() {
    let data = data::built_in();
    assert!(data.terms.len() > 80, "{}", data.terms.len());
    let mut ids: Vec<&str> = data.terms.iter().map(|row| &*row.id).collect();
    let used = |id: &str| {
        data.terms
            .iter()
            .any(|row| row.conditions.iter().any(|c| c == id))
    };
    for id in data.conditions.iter().flat_map(|all| all.texts.keys()) {
        assert!(used(id), "no row has {id}");
    }
    for row in &data.terms {
        let patterns = [
            &row.libraries,
            &row.programs,
            &row.paths,
            &row.packages,
            &row.build_ids,
            &row.renamed,
        ];
        let has_pattern = patterns.iter().any(|list| !list.is_empty());
        assert!(has_pattern != row.instead_of.is_some(), "{}", row.id);
        assert_eq!(
            row.instead_of.is_some(),
            !row.beside.is_empty(),
            "{}",
            row.id
        );
        if let Some(other) = &row.instead_of {
            assert!(ids.contains(&&**other), "{other}");
        }
        assert!(
            row.conditions.iter().all(|id| condition(id).is_some()),
            "{}",
            row.id
        );
        assert_eq!(
            row.state == State::Conditional,
            row.state == State::Conditional && !row.conditions.is_empty(),
            "{}",
            row.id
        );
        assert!(row.source.len() > 10 && row.date.len() == 10, "{}", row.id);
        for path in row.paths.iter().chain(&row.beside) {
            assert!(!path.starts_with('/'), "{path}");
        }
        let names = row.libraries.iter().chain(&row.programs);
        for name in names.chain(&row.renamed) {
            assert!(!name.contains('/') && !name.starts_with('*'), "{name}");
        }
        assert!(
            row.packages.iter().all(|purl| purl.starts_with("pkg:")),
            "{}",
            row.id
        );
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), data.terms.len());
}

#[test]
fn terms_that_were_not_read_leave_the_decision_to_the_site() {
    let not_read = |row: &&Terms| row.source.contains("not read");
    let rows: Vec<&Terms> = rows().iter().filter(not_read).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        assert_eq!(row.state, State::NeedsDecision, "{}", row.id);
    }
}

#[test]
fn every_source_file_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/redistribution");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 5);
}

#[test]
fn a_build_is_known_by_its_id_whatever_it_is_called() {
    let known = |id| {
        let subject = Subject {
            path: "opt/x/plugin.so",
            soname: Some("plugin.so"),
            build_id: Some(id),
            purl: None,
        };
        let found = Finder::new().terms_of(&subject);
        found.first().map(|one| (&*one.terms.id, one.by))
    };
    let cudart = "dee4b68d7f29b160323eff1e31338d5ebf73d190";
    assert_eq!(
        known(cudart),
        Some(("nvidia.cuda-listed", MatchedBy::BuildId))
    );
    assert!(names_build(cudart) && !names_build(&cudart[1..]));
    assert_eq!(known(&cudart.replace('d', "e")), None);
}
