# The images for people who have only Docker: `docker-compose build`. The debian base, run inside of a Debian container,
# ends in the same files as `nix build .#debian.image`. What the images say of themselves stands in nix/shared/image/config.nix
# as well; the tests hold the two together. (The labels of commit, lock and environment are what the arguments say.)
ARG DEBIAN=debian:bookworm
FROM ${DEBIAN} AS files
ARG HTTP_PROXY HTTPS_PROXY NO_PROXY EXTRA_CA_CERTS DEBIAN_MIRROR DEBIAN_SECURITY_MIRROR DEBIAN_SNAPSHOT PIP_INDEX_URL
WORKDIR /source
# What is fetched depends on the lock and on the recipes alone.
COPY nix nix
# Where they are needed: certificates of EXTRA_CA_CERTS, and wheels that the index lacks, such as torch's for the CPU.
COPY Dockerfile *.pem ./
COPY Dockerfile wheels/*.whl wheels/
COPY python/files.json python/poetry.lock python/pyproject.toml python/torch-cpu.json python/
# Once, for all images: what may have to stand in for the pinned Debian packages is kept in .cache, which COPY leaves alone.
RUN nix/debian/docker-build-step fetch lab
COPY . .

FROM scratch AS image
ENV PATH=/opt/environment/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    SHELL=/bin/bash \
    HOME=/home/jovyan \
    JUPYTER_UTILS_PROFILE=container \
    JUPYTER_UTILS_RECIPE=/opt/recipe \
    LISTEN_ADDRESS=0.0.0.0
ARG REVISION=unknown LOCK=unknown ENVIRONMENT=unknown
LABEL org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.revision=${REVISION} \
      jupyter-utils.lock=${LOCK} \
      jupyter-utils.environment=${ENVIRONMENT}
WORKDIR /
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["/opt/environment/bin/jupyter-utils", "health"]
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/environment/bin/jupyter-utils", "container"]

# In this order, because older builders build all that stands before what is asked for.
FROM files AS mlflow-files
RUN nix/debian/docker-build-step unpack image-mlflow /layers

FROM image AS mlflow
LABEL org.opencontainers.image.title=jupyter-utils-mlflow \
      org.opencontainers.image.description="The MLflow server"
EXPOSE 15000
CMD ["mlflow"]
COPY --from=mlflow-files /layers/system /
COPY --from=mlflow-files /layers/big /
COPY --from=mlflow-files /layers/packages /
COPY --from=mlflow-files /layers/ours /
COPY --from=mlflow-files /layers/configuration /

FROM files AS lab-files
RUN nix/debian/docker-build-step unpack image /layers

FROM image AS lab
LABEL org.opencontainers.image.title=jupyter-utils-lab \
      org.opencontainers.image.description="JupyterLab and MLflow for deep learning on text"
EXPOSE 18080 15000
CMD ["lab"]
COPY --from=lab-files /layers/system /
COPY --from=lab-files /layers/big /
COPY --from=lab-files /layers/packages /
COPY --from=lab-files /layers/ours /
COPY --from=lab-files /layers/configuration /

FROM files AS lab-gpu-files
RUN nix/debian/docker-build-step unpack image-gpu /layers

FROM image AS lab-gpu
LABEL org.opencontainers.image.title=jupyter-utils-lab-gpu \
      org.opencontainers.image.description="JupyterLab and MLflow for deep learning on text, with CUDA"
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
EXPOSE 18080 15000
CMD ["lab"]
COPY --from=lab-gpu-files /layers/system /
COPY --from=lab-gpu-files /layers/big /
COPY --from=lab-gpu-files /layers/packages /
COPY --from=lab-gpu-files /layers/ours /
COPY --from=lab-gpu-files /layers/configuration /
