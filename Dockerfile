# The server with its workers.
#
#   docker build -t gridgrad .                          CPU
#   docker build -t gridgrad:cuda --build-arg TORCH=cu130 .
#   docker build -t gridgrad:ray --build-arg WITH='ray[default]' .    for a Ray cluster
#   docker run --rm -p 127.0.0.1:50051:50051 gridgrad   with --gpus all for CUDA
#
# TORCH names an index of PyTorch builds: cpu, cu126, cu128, cu130, ... The CUDA builds bring the
# CUDA libraries with them, so that the base image is the same; the host needs NVIDIA's driver.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG TORCH=cpu
ARG WITH=""
WORKDIR /build
RUN python -m venv /opt/gridgrad
ENV PATH=/opt/gridgrad/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# torch alone first: its gigabytes stay in a layer that changes of the code leave as it is.
COPY constraints.txt .
RUN pip install -c constraints.txt torch --extra-index-url https://download.pytorch.org/whl/${TORCH}
COPY . .
RUN pip install -c constraints.txt '.[server,worker,metrics]' ${WITH}

FROM python:${PYTHON}-slim
# Hot expressions are compiled at run time, and kept in a volume, so that a restart is warm.
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home gridgrad && install -d -o gridgrad -m 700 /var/cache/gridgrad
COPY --from=build /opt/gridgrad /opt/gridgrad
ENV PATH=/opt/gridgrad/bin:$PATH PYTHONUNBUFFERED=1 GRIDGRAD_LISTEN=0.0.0.0:50051 GRIDGRAD_CACHE=/var/cache/gridgrad
VOLUME /var/cache/gridgrad
USER gridgrad
EXPOSE 50051
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "gridgrad_server.healthcheck"]
# SIGTERM drains; give `docker stop --time` at least the drain timeout.
STOPSIGNAL SIGTERM
ENTRYPOINT ["gridgrad-server"]
