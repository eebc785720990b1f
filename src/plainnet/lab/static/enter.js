// From the printed address to the lab, or to the lesson behind #; settings behind # come along.
const [, lesson] = location.hash.match(/^#(\/lessons\/\d+\.\w+)$/) ?? [];
location.replace(lesson ?? "/" + location.hash);
