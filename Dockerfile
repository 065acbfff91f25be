# Two images: `docker build .` makes the one for CPUs, `docker build --target cuda .` the one for NVIDIA GPUs.
FROM python:3.11-slim-bookworm AS base

WORKDIR /app
COPY deploy/add_user.sh deploy/install_packages.sh deploy/
RUN deploy/add_user.sh audioscope 1000 /data /models
COPY requirements.txt ./

ENV PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    AUDIOSCOPE_DATA_DIR=/data \
    HF_HOME=/models
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "deploy/check_health.py"]
CMD ["python", "app.py"]


FROM base AS cuda

COPY requirements-gpu.txt ./
RUN deploy/install_packages.sh python requirements.txt requirements-gpu.txt
COPY . .
USER 1000
# The split offline weights are put together now, so that the first job need not wait for it.
RUN python prepare_weights.py
# After the last RUN: what is written to a declared volume while the image is built is lost.
VOLUME ["/data", "/models"]


FROM base AS cpu

# Wheels without CUDA; an empty TORCH_INDEX takes those of PyPI.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN deploy/install_packages.sh python requirements.txt
COPY . .
USER 1000
RUN python prepare_weights.py
VOLUME ["/data", "/models"]
