# The trainer and the site in one image, over the official TorchSharp packages: TorchSharp-cpu, or
#   docker build --build-arg TORCH_PACKAGE=TorchSharp-cuda-linux .
# These bring their own libtorch, so no libtorch-dev and no native build here. CI does not build this
# image: it needs a feed with TorchSharp and a registry with the .NET images.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TORCH_PACKAGE=TorchSharp-cpu
# The site's styles and scripts are bundled with npm.
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN dotnet publish CLGRPO.Training -c Release -p:TorchPackage=$TORCH_PACKAGE -o /app/training \
    && dotnet publish CLGRPO.Web -c Release -o /app/web

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# libvips decodes images; OpenMP is what libtorch's threads run on. The base is Ubuntu 24.04.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libvips42t64 libgomp1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
COPY recipes /app/recipes
RUN mkdir /data && chown app /data
USER app
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The port is open to whom docker run opens it to (-p 127.0.0.1:8080:8080); put a proxy with https before others,
# and name its host in Site__AllowedHosts.
ENV Site__AllowRemote=true
# The site. To train: docker run --entrypoint dotnet <image> /app/training/CLGRPO.Training.dll train …
ENTRYPOINT ["dotnet", "/app/web/CLGRPO.Web.dll"]
