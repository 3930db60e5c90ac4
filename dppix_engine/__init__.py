"""dppix: differentially private pixelization of pictures. The engine; it knows no Qt."""
