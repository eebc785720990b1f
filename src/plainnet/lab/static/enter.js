// From the printed address to the lab; a lesson's settings behind # come along.
location.replace("/" + location.hash);
