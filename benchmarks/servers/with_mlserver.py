"""MLServer with a runtime of its own around ONNX Runtime. MODEL names the ONNX file."""

import asyncio
import os

import onnxruntime as ort  # type: ignore[import-not-found,unused-ignore]
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Runtime(MLModel):  # type: ignore[misc]
    """The model."""

    async def load(self) -> bool:
        """Open the file."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(os.environ["MODEL"], options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer."""
        X = NumpyCodec.decode_input(payload.inputs[0])
        found = self.session.run(["probabilities"], {self.session.get_inputs()[0].name: X})
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output(name="probabilities", payload=found[0])],
        )


def start(port: str) -> None:
    """Serve in this process."""

    async def serve() -> None:
        others = int(port) + 1, int(port) + 2
        settings = Settings(
            debug=False,
            host="127.0.0.1",
            http_port=int(port),
            grpc_port=others[0],
            metrics_port=others[1],
            parallel_workers=0,
        )
        server = MLServer(settings)
        await server.start([ModelSettings(name="model", implementation=Runtime)])

    asyncio.run(serve())
