"""What a process runs on, as far as it can be told without changing anything."""

import os
import re
import sys

_VARIABLES = re.compile(
    r"PYTHONHASHSEED|PYTHONOPTIMIZE|PYTHONDEVMODE|CUBLAS_WORKSPACE_CONFIG|CUDA_.*|NVIDIA_TF32_OVERRIDE|CUDNN_.*|NCCL_.*"
    r"|OMP_.*|KMP_.*|GOMP_.*|MKL_.*|OPENBLAS_NUM_THREADS|NUMEXPR_NUM_THREADS|VECLIB_MAXIMUM_THREADS|BLIS_NUM_THREADS"
    r"|ATEN_CPU_CAPABILITY|DNNL_.*|ONEDNN_.*|TORCH_.*|TORCHINDUCTOR_.*|TORCHDYNAMO_.*|TORCH_COMPILE_.*|PYTORCH_.*|TRITON_.*"
    r"|TF_DETERMINISTIC_.*|TF_CUDNN_.*|TF_ENABLE_.*|XLA_.*|JAX_.*|WORLD_SIZE|LOCAL_WORLD_SIZE|LD_PRELOAD|LANG|LC_.*|TZ"
)
_PER_RUN = re.compile(r"TORCHELASTIC_.*|TORCH_NCCL_ASYNC_ERROR_HANDLING|CUDA_MPS_.*|.*_(TOKEN|KEY|SECRET)")
PACKAGES = (
    *("accelerate", "cv2", "datasets", "deepspeed", "jax", "lightning", "numpy", "pandas", "PIL", "pytorch_lightning"),
    *("ray", "scipy", "sklearn", "tensorflow", "timm", "tokenizers", "torch", "torch_geometric", "torchaudio"),
    *("torchvision", "transformers", "triton", "xgboost"),
)


def collect(final):
    """Return the fields of an `environment` record.

    Only the `final` one asks torch for its threads and devices: asking earlier could settle what the program still
    wants to choose.
    """
    torch = sys.modules.get("torch")
    system = os.uname()
    fields = {
        "python": sys.version.split()[0],
        "torch": _version("torch"),
        "platform": "%s %s %s" % (system.sysname, system.release, system.machine),
        "cpu": _cpu(torch),
        "threads": None,
        "devices": [],
        "flags": {},
        "variables": {key: os.environ[key] for key in sorted(os.environ) if _bears(key)},
        "packages": {name: _version(name) for name in PACKAGES if _version(name)},
    }
    if torch is not None:
        fields["flags"] = flags(torch)
        if final:
            fields["threads"] = torch.get_num_threads()
            fields["devices"] = _devices(torch)
    return fields


def flags(torch):
    """Return torch's switches as text; one that cannot be read is left out."""
    found = {}
    cudnn = torch._C
    for name, read in (
        ("deterministic_algorithms", torch.are_deterministic_algorithms_enabled),
        ("deterministic_warn_only", torch.is_deterministic_algorithms_warn_only_enabled),
        ("fill_uninitialized_memory", lambda: torch.utils.deterministic.fill_uninitialized_memory),
        ("cudnn.benchmark", lambda: cudnn._get_cudnn_benchmark()),
        ("cudnn.deterministic", lambda: cudnn._get_cudnn_deterministic()),
        ("cudnn.enabled", lambda: cudnn._get_cudnn_enabled()),
        ("matmul_precision", lambda: _matmul_precision(torch)),
        ("default_dtype", torch.get_default_dtype),
        ("autocast", torch.is_autocast_enabled),
        ("flash_sdp", lambda: cudnn._get_flash_sdp_enabled()),
        ("mkldnn", lambda: cudnn._get_mkldnn_enabled()),
    ):
        try:
            found[name] = str(read())
        except Exception:  # a switch that this version of torch does not have
            continue
    return found


def _matmul_precision(torch):
    # The older getters warn, once a process, and a warning is a change in what the program prints.
    backend = torch.backends.cuda.matmul
    if hasattr(torch._C, "_get_fp32_precision_getter"):
        return torch._C._get_fp32_precision_getter("cuda", "matmul")
    return "%s, tf32 %s" % (torch.get_float32_matmul_precision(), backend.allow_tf32)


def _devices(torch):
    if not (hasattr(torch, "cuda") and torch.cuda.is_initialized()):
        return []
    devices = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        devices.append("cuda:%d %s, sm_%d%d" % (index, properties.name, properties.major, properties.minor))
    return devices


def _cpu(torch):
    model = ""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.lower().startswith(("model name", "cpu model", "hardware")):
                    model = line.partition(":")[2].strip()
                    break
    except OSError:
        pass
    model = model or os.uname().machine
    try:
        return "%s, %s, %s cores" % (model, torch.backends.cpu.get_cpu_capability(), os.cpu_count())
    except AttributeError:
        return "%s, %s cores" % (model, os.cpu_count())


def _version(name):
    module = sys.modules.get(name)
    version = getattr(module, "__dict__", {}).get("__version__")
    return str(version) if version is not None else None


def _bears(variable):
    return _VARIABLES.fullmatch(variable) is not None and _PER_RUN.fullmatch(variable) is None
